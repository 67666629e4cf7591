package cloud

import (
	"regexp"
	"strings"
)

// Denial is what AWS says of a call that a policy doesn't allow. What it doesn't
// say is "".
type Denial struct {
	// Role is the name of the role that lacks the permission.
	Role string
	// Action is the permission, which isn't always the call: CreateStack needs
	// others, too. Resource is what it is needed on.
	Action, Resource string
	// Explicit is true when a policy denies it, so that allowing it doesn't help.
	Explicit bool
}

// The words are those of the IAM user guide, "Troubleshoot access denied error
// messages".
var (
	denial      = regexp.MustCompile(`(?:User: (\S+) )?is not authorized to perform: ([a-zA-Z0-9-]+:[a-zA-Z0-9*]+)(?: on resource: (\S+))?`)
	assumedRole = regexp.MustCompile(`:assumed-role/([^/\s]+)/`)
)

// ParseDenial reads a message of AWS.
func ParseDenial(message string) Denial {
	out := Denial{Explicit: strings.Contains(message, "explicit deny")}
	said := denial.FindStringSubmatch(message)
	if said == nil {
		return out
	}
	if session := assumedRole.FindStringSubmatch(said[1]); session != nil {
		out.Role = session[1]
	}
	out.Action, out.Resource = said[2], strings.TrimRight(said[3], ".,;:)")
	return out
}
