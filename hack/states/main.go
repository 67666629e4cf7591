// Command states prints docs/states.md, generated from the table of states that
// decides rollouts.
package main

import (
	"fmt"
	"os"

	"github.com/viridian-dev/viridian/internal/rollout"
)

const page = `<!-- Made by make generate from internal/rollout/states.go. -->
# States of a deployment

What a deployment does next follows from the state that it is in. The state isn't stored: in each pass it follows from what AWS
shows and what status remembers. [states.go](../internal/rollout/states.go) lists what is seen to in each state, in order.

A test compares this picture with the ways that rollouts take in the stories and random walks of
[internal/rollout](../internal/rollout).

` + "```mermaid\n%s```" + `

A deletion may begin in any state: it leads to Detaching, or to Leaving with ` + "`deletionPolicy: Retain`" + `. A deployment that is blocked or
paused stays in the state that it is in.

%s`

func main() {
	if _, err := fmt.Fprintf(os.Stdout, page, rollout.Diagram(), rollout.StateTable()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
