// Command kubectl-viridian is the plugin kubectl viridian: it looks at rollouts of
// Viridian, steers them, and checks manifests. See docs/kubectl-viridian.md.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/viridian-dev/viridian/internal/plugin"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := plugin.Main(ctx, os.Args, os.Stdin, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}
