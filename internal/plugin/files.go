package plugin

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/importer"
	"github.com/viridian-dev/viridian/internal/plugin/manifest"
	"github.com/viridian-dev/viridian/internal/plugin/view"
)

// filed is a command about files, which are arguments or follow -f.
func filed(name, short, long string, run func(names []string) error) *cobra.Command {
	var flagged []string
	cmd := &cobra.Command{
		Use: name + " -f FILE", GroupID: groupFiles, Short: short, Long: long,
		RunE: func(_ *cobra.Command, args []string) error {
			names := append(slices.Clone(flagged), args...)
			if len(names) == 0 {
				return errors.New("name a file by -f; - is the standard input")
			}
			return run(names)
		},
	}
	cmd.Flags().StringArrayVarP(&flagged, "filename", "f", nil, "file to read, - for the standard input (repeatable)")
	return cmd
}

// namespaceOfFiles is that of objects in files that name none. The kubeconfig isn't
// read: files are looked at without a cluster.
func (t *tool) namespaceOfFiles() string { return cmp.Or(t.overrides.Context.Namespace, "default") }

// readFile reads a file, or the standard input.
func (t *tool) readFile(name string) (shown string, body []byte, err error) {
	if name == "-" {
		body, err = io.ReadAll(t.in)
		return "stdin", body, err
	}
	body, err = os.ReadFile(filepath.Clean(name))
	return name, body, err
}

// documents reads all objects in files.
func (t *tool) documents(names []string) (out []manifest.Document, err error) {
	for _, name := range names {
		shown, body, err := t.readFile(name)
		if err != nil {
			return nil, err
		}
		found, err := manifest.Read(shown, body)
		if err != nil {
			return nil, err
		}
		out = append(out, found...)
	}
	return out, nil
}

func (t *tool) lintCommand() *cobra.Command {
	var options manifest.Options
	var format output
	cmd := filed("lint", "Check manifests as the API server and the controller do, offline",
		"Check ImmutableDeployments and DeploymentPolicies without a cluster: by the schema and the CEL rules of the CRDs, as\n"+
			"the API server does, and by what the controller knows without AWS: misspelled annotations, images that can't be\n"+
			"pinned, gates that never run, a stack that can't be built, and what DeploymentPolicies among the files don't allow.\n"+
			"Rules about changes, and what only AWS knows, aren't checked. Other kinds are left out.\n\n"+
			"It exits with 0 if there is nothing to look at, 2 if there is, and 1 if a file can't be read.",
		func(names []string) error {
			options.Namespace = t.namespaceOfFiles()
			return t.lint(names, options, format)
		})
	cmd.Flags().StringToStringVar(&options.Labels, "namespace-labels", nil, "labels of the namespace by which DeploymentPolicies select it, KEY=VALUE,...")
	cmd.Flags().BoolVar(&options.RequirePolicy, "require-policy", false, "a namespace that no DeploymentPolicy selects may use nothing, as with the manager's flag")
	cmd.Flags().VarP(&format, "output", "o", "json instead of text")
	return cmd
}

func (t *tool) lint(names []string, options manifest.Options, format output) error {
	documents, err := t.documents(names)
	if err != nil {
		return err
	}
	findings, looked, err := manifest.Lint(documents, options)
	if err != nil {
		return err
	}
	if looked == 0 {
		return fmt.Errorf("there is no ImmutableDeployment and no DeploymentPolicy in %s", strings.Join(names, ", "))
	}
	if findings == nil {
		findings = []manifest.Finding{} // as JSON
	}
	err = t.print(format, findings, func(*view.Screen) string {
		var out strings.Builder
		for i := range findings {
			out.WriteString(findings[i].String() + "\n")
		}
		return out.String()
	})
	if err == nil && len(findings) > 0 {
		return &exit{code: ExitFindings}
	}
	return err
}

func (t *tool) renderCommand() *cobra.Command {
	var name string
	var revision int64
	cmd := filed("render", "Print the CloudFormation template that would be made of a manifest",
		"Print the CloudFormation template that would be made of an ImmutableDeployment, without a cluster and without AWS. What\n"+
			"is known only once a revision is made has a placeholder; the standard error lists what that is.",
		func(names []string) error { return t.render(names, name, revision) })
	cmd.Flags().StringVar(&name, "name", "", "name of the ImmutableDeployment, if there are several")
	cmd.Flags().Int64Var(&revision, "revision", 1, "number of the revision")
	return cmd
}

func (t *tool) render(files []string, name string, revision int64) error {
	imd, err := t.chosen(files, name)
	if err != nil {
		return err
	}
	if imd.Namespace == "" {
		imd.Namespace = t.namespaceOfFiles()
	}
	body, notes, err := manifest.Stack(imd, revision)
	if err != nil {
		return fmt.Errorf("the stack's template can't be built: %w", err)
	}
	for _, note := range notes {
		fmt.Fprintln(t.err, "In AWS,", note)
	}
	text, err := manifest.Indent(body)
	if err != nil {
		return err
	}
	_, err = fmt.Fprint(t.out, text)
	return err
}

// chosen is the ImmutableDeployment of a name in files, or the only one.
func (t *tool) chosen(files []string, name string) (*v1alpha1.ImmutableDeployment, error) {
	documents, err := t.documents(files)
	if err != nil {
		return nil, err
	}
	deployments, err := manifest.Deployments(documents)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, imd := range deployments {
		names = append(names, imd.Name)
	}
	at := slices.Index(names, name)
	switch {
	case len(names) == 0:
		return nil, fmt.Errorf("there is no ImmutableDeployment in %s", strings.Join(files, ", "))
	case name == "" && len(names) == 1:
		at = 0
	case at < 0:
		return nil, fmt.Errorf("choose one of the ImmutableDeployments by --name: %s", strings.Join(names, ", "))
	}
	return deployments[at], nil
}

func (t *tool) importCommand() *cobra.Command {
	options := importer.Options{Parameters: map[string]string{}}
	cmd := filed("import", "Write the manifest of a service that runs on Amazon ECS today",
		"Write ImmutableDeployments for services of Amazon ECS that exist. The files describe them together: task definitions,\n"+
			"services, target groups and rules as the AWS CLI prints them, a CloudFormation template, an AppSpec, a CodeDeploy\n"+
			"deployment group, ecspresso.yml, a Copilot manifest. Nothing in AWS is called.\n\n"+
			"The manifests go to the standard output, and what to look at to the standard error. It exits with 0 if there is\n"+
			"nothing, 2 if there is, and 1 if the input can't be read.",
		func(names []string) error {
			options.Namespace = t.overrides.Context.Namespace
			return t.importFiles(names, options)
		})
	flags := cmd.Flags()
	flags.StringVar(&options.Name, "name", "", "name of the ImmutableDeployment; that of the service if omitted")
	flags.StringVar(&options.Region, "region", "", "region for what the input leaves open, such as a parameter without an ARN")
	flags.StringVar(&options.Account, "account", "", "12-digit account for what the input leaves open, such as a role without an ARN")
	flags.StringVar(&options.Environment, "environment", "", "environment of a Copilot manifest whose values are used")
	flags.StringVar(&options.DeploymentConfig, "deployment-config", "", "CodeDeploy's deployment configuration, such as CodeDeployDefault.ECSCanary10Percent5Minutes")
	flags.StringVar(&options.RuleARN, "rule-arn", "", "ARN of the listener rule to adopt")
	flags.Func("parameter", "value of a template's parameter, or of a variable that ecspresso reads, `NAME=VALUE` (repeatable)", func(text string) error {
		name, value, found := strings.Cut(text, "=") // a value may contain commas
		if !found || name == "" {
			return errors.New("want NAME=VALUE")
		}
		options.Parameters[name] = value
		return nil
	})
	return cmd
}

func (t *tool) importFiles(names []string, options importer.Options) error {
	files, err := t.inputs(names)
	if err != nil {
		return err
	}
	deployments, err := importer.Import(files, options)
	if err != nil {
		return err
	}
	look := false
	for i, d := range deployments {
		if i > 0 {
			fmt.Fprintln(t.out, "---")
		}
		if _, err := t.out.Write(d.YAML); err != nil {
			return fmt.Errorf("write the manifest: %w", err)
		}
		fmt.Fprintf(t.err, "%s: %s\n", d.Object.Name, d.Class)
		for _, f := range d.Findings {
			fmt.Fprintf(t.err, "  %s\n", f)
			look = look || f.Kind != importer.Note
		}
	}
	if look {
		return &exit{code: ExitFindings}
	}
	return nil
}

// inputs reads the files, and those that a file of ecspresso names.
func (t *tool) inputs(names []string) (files []importer.File, err error) {
	for i := 0; i < len(names); i++ {
		shown, body, err := t.readFile(names[i])
		if err != nil {
			return nil, err
		}
		file := importer.File{Name: shown, Body: body}
		files = append(files, file)
		for _, name := range importer.References(file) {
			if !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	return files, nil
}
