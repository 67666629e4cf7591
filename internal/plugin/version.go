package plugin

import (
	"fmt"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/viridian-dev/viridian/api/v1alpha1"
)

func (t *tool) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version of the plugin",
		Long:  "Print the version of the plugin, and of the API that it knows.",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			_, err := fmt.Fprintf(t.out, "kubectl viridian %s, API %s\n", version(), v1alpha1.GroupVersion)
			return err
		},
	}
}

// version is that of the module, with the commit if the build has it.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" {
		return "(devel)"
	}
	return info.Main.Version
}
