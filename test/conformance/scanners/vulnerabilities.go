package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"go/version"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// product are the packages whose code is released or runs in other people's
// tests.
var product = []string{"./api/...", "./cmd/...", "./controllers/...", "./internal/..."}

// databaseModule holds the Go vulnerability database as files. Its pinned
// version is in hack/scanners/go.mod, so that a scan has the same result
// everywhere; GOVULNDB selects another database, such as the newest one.
const databaseModule = "golang.org/x/vulndb"

// finding is the part of a govulncheck finding that is read. The first frame of
// its trace is the vulnerable symbol, if one is called.
type finding struct {
	OSV          string `json:"osv"`
	FixedVersion string `json:"fixed_version"`
	Trace        []struct {
		Module   string `json:"module"`
		Version  string `json:"version"`
		Function string `json:"function"`
	} `json:"trace"`
}

// vulnerabilities scans the product once, with the older of the Go releases of
// this machine and of the container image. Vulnerabilities that only a newer Go
// release fixes belong to the machine and not to the project: they are
// reported, but don't fail.
func vulnerabilities(ctx context.Context) []row {
	database, note, err := databaseURL(ctx)
	if err != nil {
		fmt.Fprintln(os.Stderr, "vulnerability database:", err)
		return []row{{what: "called vulnerabilities", outcome: skipped, note: "no database"}}
	}
	image, err := imageRelease()
	if err != nil {
		return broken("called vulnerabilities", err)
	}
	machine, err := output(ctx, "go", "env", "GOVERSION")
	if err != nil {
		return broken("called vulnerabilities", err)
	}
	release := image
	if version.Compare(machine, image) < 0 {
		release = machine
	}
	findings, err := govulncheck(ctx, database, release)
	if err != nil {
		return broken("called vulnerabilities", err)
	}
	ours, its := split(findings, image)
	rows := []row{{"called vulnerabilities, packages", packageCount(ctx), outcomeOf(ours), note + ", built with " + image}}
	if len(its) > 0 {
		rows = append(rows, row{"in this machine's Go", len(its), skipped, "mended in " + image + ", which builds the image; here is " + machine})
	}
	return rows
}

// split separates the findings that the image has from those that are fixed by
// the Go release that builds it.
func split(findings []finding, image string) (ours, its []string) {
	for _, f := range findings {
		text := fmt.Sprintf("%s in %s@%s, fixed in %s", f.OSV, f.Trace[0].Module, f.Trace[0].Version, f.FixedVersion)
		mended := "go" + strings.TrimPrefix(f.FixedVersion, "v")
		if f.Trace[0].Module == "stdlib" && f.FixedVersion != "" && version.Compare(mended, image) <= 0 {
			its = append(its, text)
		} else {
			ours = append(ours, text)
		}
	}
	slices.Sort(ours)
	slices.Sort(its)
	return slices.Compact(ours), slices.Compact(its)
}

// outcomeOf prints findings and returns the outcome.
func outcomeOf(findings []string) string {
	for _, text := range findings {
		fmt.Fprintln(os.Stderr, "govulncheck:", text)
	}
	if len(findings) > 0 {
		return failed
	}
	return ok
}

// govulncheck lists the calls of vulnerabilities, built with a release.
func govulncheck(ctx context.Context, database, release string) ([]finding, error) {
	cmd := exec.CommandContext(ctx, "bin/govulncheck", append([]string{"-db", database, "-format", "json"}, product...)...) //nolint:gosec // its arguments are constants and our own file
	cmd.Env = append(os.Environ(), "GOVERSION="+release)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, err
	}
	var found []finding
	for decoder := json.NewDecoder(bytes.NewReader(out)); ; {
		var message struct {
			Finding *finding `json:"finding"`
		}
		if err := decoder.Decode(&message); errors.Is(err, io.EOF) {
			return found, nil
		} else if err != nil {
			return nil, err
		}
		if f := message.Finding; f != nil && f.Trace[0].Function != "" {
			found = append(found, *f)
		}
	}
}

// databaseURL returns the location of the database, which is created from the
// module's files if it doesn't exist yet.
func databaseURL(ctx context.Context) (url, note string, err error) {
	if url := os.Getenv("GOVULNDB"); url != "" {
		return url, "database " + url, nil
	}
	cmd := exec.CommandContext(ctx, "go", "mod", "download", "-json", databaseModule)
	cmd.Dir = filepath.Join("hack", "scanners")
	cmd.Env = append(os.Environ(), "GOWORK=off")
	body, err := cmd.Output()
	if err != nil {
		return "", "", fmt.Errorf("download %s: %w: %s", databaseModule, err, body)
	}
	var module struct{ Dir, Version string }
	if err := json.Unmarshal(body, &module); err != nil {
		return "", "", err
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", "", err
	}
	dir := filepath.Join(cache, "viridian", "vulndb-"+module.Version)
	if _, err := os.Stat(dir); err != nil {
		if err := index(ctx, filepath.Join(module.Dir, "data", "osv"), dir); err != nil {
			return "", "", err
		}
	}
	day := regexp.MustCompile(`\d{8}`).FindString(module.Version)
	return "file://" + dir, "database of " + day, nil
}

// index creates a database for govulncheck; it is created completely or not at
// all.
func index(ctx context.Context, files, dir string) error {
	if err := os.MkdirAll(filepath.Dir(dir), 0o750); err != nil {
		return err
	}
	temp, err := os.MkdirTemp(filepath.Dir(dir), "vulndb-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(temp)                                                                           //nolint:errcheck // it's in a cache
	cmd := exec.CommandContext(ctx, "bin/indexdb", "-out", filepath.Join(temp, "db"), "-vulns", files) //nolint:gosec // our own cache
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("indexdb: %w: %s", err, out)
	}
	return os.Rename(filepath.Join(temp, "db"), dir)
}

// imageRelease is the Go release that builds the container image.
func imageRelease() (string, error) {
	body, err := os.ReadFile("Dockerfile")
	if err != nil {
		return "", err
	}
	match := regexp.MustCompile(`(?m)^ARG GO_IMAGE=golang:([\d.]+)`).FindSubmatch(body)
	if match == nil {
		return "", errors.New("the Dockerfile names no GO_IMAGE")
	}
	return "go" + string(match[1]), nil
}

// packageCount returns how many packages are scanned.
func packageCount(ctx context.Context) int {
	out, err := output(ctx, "go", append([]string{"list"}, product...)...)
	if err != nil {
		return 0
	}
	return len(strings.Fields(out))
}

// output returns what a program prints, without surrounding spaces.
func output(ctx context.Context, name string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, name, args...) //nolint:gosec // constants
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	return strings.TrimSpace(string(out)), err
}
