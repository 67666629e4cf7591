package rollout

import (
	"fmt"
	"strings"
)

// order is that of States.
var order = []State{
	StateStarting, StateUnrequested, StateProvisioning, StateVerifying, StateShifting, StateHolding,
	StatePromoting, StateServing, StateSuperseded, StateStackFailed, StateLost, StateReturning, StateGivenUp,
	StateDetaching, StateDraining, StateRemoving, StateLeaving,
}

// Diagram draws the states and the ways between them as Mermaid.
func Diagram() string {
	var b strings.Builder
	b.WriteString("stateDiagram-v2\n    [*] --> Starting\n")
	for _, from := range order {
		for _, to := range states[from].to {
			fmt.Fprintf(&b, "    %s --> %s\n", from, to)
		}
	}
	b.WriteString("    Removing --> [*]\n    Leaving --> [*]\n")
	return b.String()
}

// StateTable lists the states as Markdown: what each means, and which may follow
// if passes were blocked or lost in between.
func StateTable() string {
	var b strings.Builder
	b.WriteString("| State | Meaning | May follow besides, if passes were blocked or lost |\n| --- | --- | --- |\n")
	for _, s := range order {
		late := make([]string, 0, len(states[s].late))
		for _, to := range states[s].late {
			late = append(late, string(to))
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", s, states[s].means, strings.Join(late, ", "))
	}
	return b.String()
}
