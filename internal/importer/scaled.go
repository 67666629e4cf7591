package importer

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// identity is what a cluster or a service is known by: its name, or what of a
// template it is made by. It has neither if the input doesn't say.
type identity struct {
	name string
	made []string
}

// is tells whether two are the same, as far as that is known.
func (i identity) is(other identity) (same, known bool) {
	if i.name != "" && other.name != "" {
		return i.name == other.name, true
	}
	for _, made := range i.made {
		if slices.Contains(other.made, made) {
			return true, true
		}
	}
	byResource := func(made string) bool { return strings.HasPrefix(made, "resource ") }
	return false, slices.ContainsFunc(i.made, byResource) && slices.ContainsFunc(other.made, byResource)
}

var openResource = regexp.MustCompile(`^(?:what the resource (\S+) is|\S+ of the resource (\S+))$`)

// maker is a resource, or else what the input leaves open.
func maker(open string) string {
	if found := openResource.FindStringSubmatch(open); found != nil {
		return "resource " + found[1] + found[2]
	}
	return open
}

// identified is what a field says: a name, an ARN or a reference.
func (a *app) identified(n *node, nameKey string) identity {
	switch {
	case n == nil || n.kind != scalar || n.null || len(n.open) == 0 && (isPlaceholder(n.text) || dynamicPart.MatchString(n.text)):
		return identity{}
	case len(n.open) == 0:
		return identity{name: n.str()[strings.LastIndexByte(n.str(), '/')+1:]}
	case len(n.open) > 1 || n.text != placeholder:
		return identity{}
	}
	out := identity{made: []string{maker(n.open[0])}}
	if r := a.resources[strings.TrimPrefix(out.made[0], "resource ")]; r != nil {
		out.name = a.identified(r.properties.values[nameKey], "").name
	}
	return out
}

// scaled is whom a scalable target, a policy or a scheduled action is about.
type scaled struct {
	cluster, service identity
}

// self is the app as what scales it would name it.
func (a *app) self() scaled {
	values := a.service.orEmpty().values
	var self scaled
	for _, key := range []string{"cluster", "clusterarn"} {
		if n := values[key]; n != nil {
			self.cluster = a.identified(n, "clustername")
		}
	}
	self.service = a.identified(values["servicename"], "")
	if arn := values["servicearn"]; arn != nil && len(arn.open) == 0 {
		parts := strings.Split(arn.str(), "/")
		if self.service.name == "" {
			self.service.name = parts[len(parts)-1]
		}
		if len(parts) == 3 && self.cluster.name == "" {
			self.cluster.name = parts[1]
		}
	}
	if a.logicalID != "" {
		self.service.made = append(self.service.made, "resource "+a.logicalID)
	}
	return self
}

// resourceID is that of a scalable target, or of what belongs to one.
func (a *app) resourceID(n *node) *node {
	if target := n.values["scalingtargetid"]; target != nil && a.resources[target.ref] != nil {
		return a.resources[target.ref].properties.values["resourceid"]
	}
	return n.values["resourceid"]
}

// scaledBy reads a resource ID; false if it is none of ECS.
func scaledBy(n *node) (scaled, bool) {
	if n == nil || n.str() == placeholder || dynamicPart.MatchString(n.text) {
		return scaled{}, true
	}
	parts := strings.Split(n.str(), "/")
	if len(parts) != 3 || parts[0] != "service" {
		return scaled{}, parts[0] == placeholder || parts[0] == "service" && len(n.open) > 0
	}
	open := n.open
	told := strings.Count(n.str(), placeholder) == len(open)
	part := func(text string) identity {
		holes := strings.Count(text, placeholder)
		if holes == 0 {
			return identity{name: text}
		}
		if !told {
			return identity{}
		}
		of := open[:holes]
		open = open[holes:]
		if text != placeholder {
			return identity{}
		}
		return identity{made: []string{maker(of[0])}}
	}
	return scaled{cluster: part(parts[1]), service: part(parts[2])}, true
}

// scale takes what scales the service: what names its cluster and itself, or else the
// only one that may, if it can be about none of the others. Bounds of a service of the
// same name elsewhere could be much too small.
func (a *app) scale(all []*node, others []*app) {
	self := a.self()
	certain, likely := a.fitting(self, all, others)
	contested := func(n *node) bool {
		return slices.ContainsFunc(others, func(o *app) bool { _, may := o.meant(n); return may })
	}
	switch {
	case len(likely) == 0:
	case len(certain) > 0, a.distinct(likely) > 1, slices.ContainsFunc(likely, contested), self.service.name == "" && self.service.made == nil:
		for _, n := range likely {
			a.tell(Dropped, n, "the input doesn't say whether this is about the service, by its cluster and its name, or about another: nothing of it is taken")
		}
		likely = nil
	default:
		a.tell(Assumed, likely[0], "this is about the service, though the input doesn't name both its cluster and its name: nothing else may be")
	}
	a.scaling = append(certain, likely...)
}

// fitting are those that name the service, and those that may mean it, unless they name
// another.
func (a *app) fitting(self scaled, all []*node, others []*app) (certain, likely []*node) {
	for _, n := range all {
		is, may := self.meant(a, n)
		switch {
		case is:
			certain = append(certain, n)
		case may && !slices.ContainsFunc(others, func(o *app) bool { is, _ := o.meant(n); return is }):
			likely = append(likely, n)
		}
	}
	return certain, likely
}

// meant tells whether something names the service, and whether it may mean it.
func (a *app) meant(n *node) (is, may bool) { return a.self().meant(a, n) }

func (s scaled) meant(a *app, n *node) (is, may bool) {
	of, ecs := scaledBy(a.resourceID(n))
	sameCluster, knownCluster := s.cluster.is(of.cluster)
	sameService, knownService := s.service.is(of.service)
	if !ecs || knownCluster && !sameCluster || knownService && !sameService {
		return false, false
	}
	return sameCluster && sameService, true
}

// distinct counts what the resource IDs name.
func (a *app) distinct(of []*node) int {
	ids := map[string]bool{}
	for _, n := range of {
		if id := a.resourceID(n); id != nil {
			ids[id.text+strings.Join(id.open, ",")] = true
		}
	}
	return len(ids)
}

func (a *app) tell(kind Kind, n *node, format string, args ...any) {
	a.findings = append(a.findings, Finding{Kind: kind, File: n.file, Line: n.line, Path: n.path, Text: fmt.Sprintf(format, args...)})
}

// scale takes what scales a service in files of their own. Beside a template or a
// Copilot manifest it comes to what that has; if both have bounds, those of the service
// that is there are taken.
func (in *inputs) scale(a *app, apps []*app) {
	if len(in.scaling) == 0 {
		return
	}
	if a.service == nil {
		a.tell(Dropped, in.scaling[0], "whose scaling this is can't be told without the service: give the output of aws ecs describe-services, too")
		return
	}
	own := a.scaling
	var others []*app
	if a.logicalID != "" {
		others = slices.DeleteFunc(slices.Clone(apps), func(o *app) bool { return o == a })
	}
	a.scale(in.scaling, others)
	if len(own) == 0 {
		return
	}
	if slices.ContainsFunc(a.scaling, isTarget) {
		a.tell(Assumed, own[0], "the scaling that is there, in %s, is taken instead of this", a.scaling[0].file)
		return
	}
	a.scaling = append(own, a.scaling...)
}
