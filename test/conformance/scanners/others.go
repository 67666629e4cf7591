package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// security runs gosec, which is part of golangci-lint, with the settings of
// .golangci.yml.
func security(ctx context.Context) []row {
	out, err := exec.CommandContext(ctx, "bin/golangci-lint", "run", "--enable-only=gosec").CombinedOutput()
	outcome := ok
	if err != nil {
		fmt.Fprintf(os.Stderr, "gosec: %v\n%s\n", err, out)
		outcome = failed
	}
	packages, err := output(ctx, "go", "list", "./...")
	if err != nil {
		return broken("packages", err)
	}
	return []row{{"packages", len(strings.Fields(packages)), outcome, "by golangci-lint, .golangci.yml"}}
}

// exclusionsFile lists checks of kube-score that don't apply here, and why.
var exclusionsFile = filepath.Join("test", "conformance", "scanners", "kube-score.exclusions")

// scored is the part of kube-score's output that is read.
type scored []struct {
	ObjectName string `json:"object_name"`
	Checks     []struct {
		Check struct {
			ID   string `json:"id"`
			Name string `json:"name"`
		} `json:"check"`
		Grade    int  `json:"grade"`
		Skipped  bool `json:"skipped"`
		Comments []struct {
			Path    string `json:"path"`
			Summary string `json:"summary"`
		} `json:"comments"`
	} `json:"checks"`
}

// perfect is kube-score's grade for a check without findings.
const perfect = 10

// manifests runs kube-score on config/default as make deploy applies it.
func manifests(ctx context.Context) []row {
	excluded, err := exclusions()
	if err != nil {
		return broken("config/default", err)
	}
	rendered, err := output(ctx, "bin/kubectl", "kustomize", "config/default")
	if err != nil {
		return broken("config/default", err)
	}
	rendered = strings.Replace(rendered, "image: viridian-manager:latest", "image: registry.example.com/viridian-manager:v1.0.0", 1)
	args := []string{"score", "--output-format=json"}
	for _, check := range excluded {
		if !strings.HasPrefix(check, "--") {
			check = "--ignore-test=" + check
		}
		args = append(args, check)
	}
	cmd := exec.CommandContext(ctx, "bin/kube-score", append(args, "-")...) //nolint:gosec // our own file
	cmd.Stdin, cmd.Stderr = strings.NewReader(rendered), os.Stderr
	out, err := cmd.Output()
	if err != nil && !json.Valid(out) {
		return broken("config/default", err)
	}
	return grade(out, len(excluded))
}

// grade counts the checks, and prints those that failed.
func grade(out []byte, excluded int) []row {
	var objects scored
	if err := json.NewDecoder(bytes.NewReader(out)).Decode(&objects); err != nil {
		return broken("config/default", err)
	}
	count, outcome := 0, ok
	for _, object := range objects {
		for _, c := range object.Checks {
			if c.Skipped {
				continue
			}
			count++
			if c.Grade < perfect {
				outcome = failed
				fmt.Fprintf(os.Stderr, "kube-score: %s: %s (%s): %v\n", object.ObjectName, c.Check.Name, c.Check.ID, c.Comments)
			}
		}
	}
	return []row{{"checks of config/default", count, outcome, fmt.Sprintf("%d checks excluded, with reasons", excluded)}}
}

// exclusions reads the names at the beginnings of lines: checks, or
// kube-score's flags for a part of one.
func exclusions() ([]string, error) {
	body, err := os.ReadFile(exclusionsFile) //nolint:gosec // our own file
	if err != nil {
		return nil, err
	}
	var names []string
	for line := range strings.Lines(string(body)) {
		name, reason, _ := strings.Cut(strings.TrimSpace(line), " ")
		if name == "" || strings.HasPrefix(name, "#") {
			continue
		}
		if strings.TrimSpace(reason) == "" {
			return nil, fmt.Errorf("%s excludes %s without a reason", exclusionsFile, name)
		}
		names = append(names, name)
	}
	return names, nil
}
