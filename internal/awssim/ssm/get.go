package ssm

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/viridian-dev/viridian/internal/awssim/core"
)

// maxNames is how many parameters a request may name.
const maxNames = 10

type getIn struct {
	Name           string
	WithDecryption bool
}

type parameterOut struct {
	ARN              string
	DataType         string `json:",omitempty"`
	LastModifiedDate core.Epoch
	Name             string
	Selector         string `json:",omitempty"`
	Type             string
	Value            *string `json:",omitempty"`
	Version          int64
}

func (s *Service) getParameter(in getIn) (any, error) {
	if isSecret(in.Name) {
		out, err := s.referenced(in.Name, in.WithDecryption)
		if err != nil {
			return nil, err
		}
		return struct{ Parameter parameterOut }{out}, nil
	}
	p, v, at, err := s.find(in.Name)
	if err != nil {
		return nil, err
	}
	return struct{ Parameter parameterOut }{shown(p, v, at.selector, in.WithDecryption)}, nil
}

func shown(p *parameter, v *version, selector string, decrypt bool) parameterOut {
	return parameterOut{
		ARN: p.arn, DataType: v.dataType, LastModifiedDate: core.Stamp(v.modified), Name: p.name,
		Selector: selector, Type: v.kind, Value: new(v.shown(decrypt)), Version: v.number,
	}
}

// shown is the value, or its ciphertext.
func (v *version) shown(decrypt bool) string {
	if v.kind == SecureString && !decrypt {
		return v.cipher
	}
	return v.value
}

type getManyIn struct {
	Names          []string
	WithDecryption bool
}

type getManyOut struct {
	InvalidParameters []string
	Parameters        []parameterOut
}

// getParameters answers with what it finds; names of nothing, and what can be no
// name, are invalid parameters. A name that stands twice is one.
func (s *Service) getParameters(in getManyIn) (any, error) {
	if err := checkNames(in.Names); err != nil {
		return nil, err
	}
	out := getManyOut{InvalidParameters: []string{}, Parameters: []parameterOut{}}
	seen := map[selection]bool{}
	for _, name := range in.Names {
		if isSecret(name) {
			if is, err := s.referenced(name, in.WithDecryption); err == nil {
				out.Parameters = append(out.Parameters, is)
			} else {
				out.InvalidParameters = append(out.InvalidParameters, name)
			}
			continue
		}
		p, v, at, err := s.find(name)
		if err != nil {
			out.InvalidParameters = append(out.InvalidParameters, name)
			continue
		}
		if !seen[at] {
			seen[at] = true
			out.Parameters = append(out.Parameters, shown(p, v, at.selector, in.WithDecryption))
		}
	}
	// "listed in alphabetical order", says the API reference.
	slices.SortStableFunc(out.Parameters, func(a, b parameterOut) int { return strings.Compare(a.Name, b.Name) })
	return out, nil
}

func checkNames(names []string) error {
	list := "[" + strings.Join(names, ", ") + "]"
	switch {
	case len(names) == 0:
		return invalidMember(list, "names", "Member must have length greater than or equal to 1")
	case len(names) > maxNames:
		return invalidMember(list, "names", fmt.Sprintf("Member must have length less than or equal to %d", maxNames))
	default:
		return nil
	}
}

type historyIn struct {
	Name           string
	WithDecryption bool
	MaxResults     *int
	NextToken      string
}

type historyEntry struct {
	AllowedPattern   string `json:",omitempty"`
	DataType         string
	Description      string `json:",omitempty"`
	KeyId            string `json:",omitempty"`
	Labels           []string
	LastModifiedDate core.Epoch
	LastModifiedUser string
	Name             string
	Policies         []string
	Tier             string
	Type             string
	Value            string
	Version          int64
}

// getParameterHistory lists the versions that are kept, the oldest first.
func (s *Service) getParameterHistory(in historyIn) (any, error) {
	at, err := selected(in.Name)
	if err != nil {
		return nil, err
	}
	p := s.lookup(at.reference)
	if p == nil || at.selector != "" {
		return nil, notFound()
	}
	start, end, err := in.page(len(p.versions))
	if err != nil {
		return nil, err
	}
	var out struct {
		Parameters []historyEntry
		NextToken  string `json:",omitempty"`
	}
	for _, v := range p.versions[start:end] {
		out.Parameters = append(out.Parameters, historyEntry{
			AllowedPattern: v.pattern, DataType: v.dataType, Description: v.description, KeyId: v.keyID, Labels: append([]string{}, v.labels...),
			LastModifiedDate: core.Stamp(v.modified), LastModifiedUser: v.modifiedBy, Name: p.name, Policies: []string{},
			Tier: v.tier, Type: v.kind, Value: v.shown(in.WithDecryption), Version: v.number,
		})
	}
	if end < len(p.versions) {
		out.NextToken = strconv.Itoa(end)
	}
	return out, nil
}

// page is where a page of so many versions starts and ends.
func (in *historyIn) page(of int) (start, end int, err error) {
	size := 50
	if in.MaxResults != nil {
		size = *in.MaxResults
	}
	if size < 1 || size > 50 {
		return 0, 0, invalidMember(strconv.Itoa(size), "maxResults", "Member must have value between 1 and 50")
	}
	if in.NextToken != "" {
		if start, err = strconv.Atoi(in.NextToken); err != nil || start < 1 || start >= of {
			return 0, 0, core.Errorf("InvalidNextToken", "The specified token isn't valid.")
		}
	}
	return start, min(start+size, of), nil
}
