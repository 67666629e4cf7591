// Command viridian-import writes ImmutableDeployments for Amazon ECS services that
// exist: from task definitions and services as the AWS CLI prints them,
// CloudFormation templates, files of ecspresso and Copilot, and AppSpec files. It
// reads files only, and calls nothing in AWS.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/viridian-dev/viridian/internal/importer"
)

// Exit statuses.
const (
	// exitOK: the manifests have everything, and need nothing.
	exitOK = 0
	// exitFailed: the input can't be read, or the flags.
	exitFailed = 1
	// exitLook: something was dropped or assumed, or has to be filled in.
	exitLook = 2
)

func main() { os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) }

// run writes manifests to stdout and the report to stderr, and returns the exit
// status.
func run(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	options, names, err := parseFlags(args, stderr)
	if errors.Is(err, flag.ErrHelp) {
		return exitOK
	}
	if err != nil {
		return exitFailed
	}
	files, err := read(names, stdin)
	if err != nil {
		fmt.Fprintf(stderr, "viridian-import: %v\n", err)
		return exitFailed
	}
	deployments, err := importer.Import(files, options)
	if err != nil {
		fmt.Fprintf(stderr, "viridian-import: %v\n", err)
		return exitFailed
	}
	status := exitOK
	for i, d := range deployments {
		if i > 0 {
			fmt.Fprintln(stdout, "---")
		}
		if _, err := stdout.Write(d.YAML); err != nil {
			fmt.Fprintf(stderr, "viridian-import: write the manifest: %v\n", err)
			return exitFailed
		}
		fmt.Fprintf(stderr, "%s: %s\n", d.Object.Name, d.Class)
		for _, f := range d.Findings {
			fmt.Fprintf(stderr, "  %s\n", f)
			if f.Kind != importer.Note {
				status = exitLook
			}
		}
	}
	return status
}

const usage = `Usage: viridian-import [flags] file...

The files describe services of Amazon ECS together: task definitions, services, target
groups and rules as the AWS CLI prints them, a CloudFormation template, an AppSpec,
a CodeDeploy deployment group, ecspresso.yml, a Copilot manifest. - is the standard input.
The manifests go to the standard output, and what to look at to the standard error.
The exit status is 0 if there is nothing, 2 if there is, and 1 if the input can't be read.

`

func parseFlags(args []string, stderr io.Writer) (importer.Options, []string, error) {
	options := importer.Options{Parameters: map[string]string{}}
	fs := flag.NewFlagSet("viridian-import", flag.ContinueOnError)
	fs.SetOutput(stderr)
	fs.Usage = func() {
		fmt.Fprint(stderr, usage)
		fs.PrintDefaults()
	}
	fs.StringVar(&options.Name, "name", "", "`name` of the ImmutableDeployment; that of the service if omitted")
	fs.StringVar(&options.Namespace, "namespace", "", "its `namespace`")
	fs.StringVar(&options.Region, "region", "", "`region` for what the input leaves open, such as a parameter without an ARN")
	fs.StringVar(&options.Account, "account", "", "12-digit `account` for what the input leaves open, such as a role without an ARN")
	fs.StringVar(&options.Environment, "environment", "", "`environment` of a Copilot manifest whose values are used")
	fs.StringVar(&options.DeploymentConfig, "deployment-config", "", "`name` of CodeDeploy's deployment configuration, such as CodeDeployDefault.ECSCanary10Percent5Minutes")
	fs.StringVar(&options.RuleARN, "rule-arn", "", "`ARN` of the listener rule to adopt")
	fs.Func("parameter", "value of a template's parameter, or of a variable that ecspresso reads, `name=value` (repeatable)", func(text string) error {
		name, value, found := strings.Cut(text, "=")
		if !found || name == "" {
			return errors.New("want name=value")
		}
		options.Parameters[name] = value
		return nil
	})
	if err := fs.Parse(args); err != nil {
		return options, nil, err
	}
	if fs.NArg() == 0 {
		fs.Usage()
		return options, nil, errors.New("no file")
	}
	return options, fs.Args(), nil
}

// read reads the files, and those that a file of ecspresso names.
func read(names []string, stdin io.Reader) ([]importer.File, error) {
	var files []importer.File
	for i := 0; i < len(names); i++ {
		file := importer.File{Name: names[i]}
		var err error
		if names[i] == "-" {
			file.Name = "stdin"
			file.Body, err = io.ReadAll(stdin)
		} else {
			file.Body, err = os.ReadFile(filepath.Clean(names[i])) //nolint:gosec // whoever calls the command names the files
		}
		if err != nil {
			return nil, err
		}
		files = append(files, file)
		for _, name := range importer.References(file) {
			if !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	return files, nil
}
