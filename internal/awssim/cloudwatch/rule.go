package cloudwatch

import (
	"regexp"
	"slices"
	"strings"
)

// rule is a node of a composite alarm's parsed rule.
type rule struct {
	// kind is a state, TRUE, FALSE, AND, OR or NOT.
	kind string
	// child is the name or ARN of the alarm whose state it asks for.
	child string
	args  []*rule
}

// The limits of a rule.
const (
	maxRule     = 10240
	maxChildren = 100
	maxElements = 500
)

// ruleToken is a parenthesis, a quoted name or a word: a keyword or a name.
var ruleToken = regexp.MustCompile(`^(?:[()]|"(?:[^"\\]|\\["\\])*"|[^\s()",]+)`)

type ruleParser struct {
	tokens   []string
	elements int
}

// parseRule reads a composite alarm's rule.
func parseRule(text string) (*rule, error) {
	if len(text) > maxRule {
		return nil, ruleError("it is longer than 10240 characters")
	}
	p := &ruleParser{}
	for rest := strings.TrimSpace(text); rest != ""; rest = strings.TrimSpace(rest) {
		token := ruleToken.FindString(rest)
		if token == "" {
			return nil, ruleError("unexpected character at " + rest[:1])
		}
		p.tokens = append(p.tokens, token)
		rest = rest[len(token):]
	}
	r, err := p.or()
	if err != nil {
		return nil, err
	}
	if len(p.tokens) > 0 {
		return nil, ruleError("unexpected " + p.tokens[0])
	}
	if p.elements > maxElements || len(r.children()) > maxChildren {
		return nil, ruleError("it has more than 500 elements or 100 children")
	}
	return r, nil
}

func ruleError(what string) error {
	return invalid("AlarmRule is not a valid expression: %s", what)
}

func (p *ruleParser) peek() string {
	if len(p.tokens) == 0 {
		return ""
	}
	return p.tokens[0]
}

func (p *ruleParser) next() string {
	token := p.peek()
	if token != "" {
		p.tokens = p.tokens[1:]
	}
	return token
}

func (p *ruleParser) or() (*rule, error) { return p.joined("OR", p.and) }

func (p *ruleParser) and() (*rule, error) { return p.joined("AND", p.not) }

// joined reads operands with an operator between them.
func (p *ruleParser) joined(operator string, operand func() (*rule, error)) (*rule, error) {
	left, err := operand()
	for err == nil && p.peek() == operator {
		p.next()
		var right *rule
		if right, err = operand(); err == nil {
			left = &rule{kind: operator, args: []*rule{left, right}}
		}
	}
	return left, err
}

func (p *ruleParser) not() (*rule, error) {
	if p.peek() != "NOT" {
		return p.element()
	}
	p.next()
	arg, err := p.not()
	if err != nil {
		return nil, err
	}
	return &rule{kind: "NOT", args: []*rule{arg}}, nil
}

func (p *ruleParser) element() (*rule, error) {
	p.elements++
	token := p.next()
	switch token {
	case "":
		return nil, ruleError("it ends too early")
	case "(":
		r, err := p.or()
		if err != nil {
			return nil, err
		}
		return r, p.expect(")")
	case "TRUE", "FALSE":
		return &rule{kind: token}, nil
	case stateOK, stateAlarm, stateInsufficient:
		return p.state(token)
	case "AT_LEAST":
		return nil, ruleError("AT_LEAST is not simulated")
	default:
		return nil, ruleError("unexpected " + token)
	}
}

// state reads the name of an alarm in parentheses.
func (p *ruleParser) state(state string) (*rule, error) {
	if err := p.expect("("); err != nil {
		return nil, err
	}
	name := p.next()
	if name == "" || name == "(" || name == ")" {
		return nil, ruleError("an alarm's name is missing")
	}
	if name[0] == '"' {
		name = strings.NewReplacer(`\"`, `"`, `\\`, `\`).Replace(name[1 : len(name)-1])
	}
	if name == "" {
		return nil, ruleError("an alarm's name is empty")
	}
	return &rule{kind: state, child: name}, p.expect(")")
}

func (p *ruleParser) expect(token string) error {
	if got := p.next(); got != token {
		return ruleError("expected " + token + " instead of " + got)
	}
	return nil
}

// children are the names or ARNs of the alarms in a rule, each once.
func (r *rule) children() []string {
	if r.child != "" {
		return []string{r.child}
	}
	var children []string
	for _, arg := range r.args {
		for _, child := range arg.children() {
			if !slices.Contains(children, child) {
				children = append(children, child)
			}
		}
	}
	return children
}

// holds evaluates a rule; stateOf tells an alarm's state.
func (r *rule) holds(stateOf func(child string) string) bool {
	switch r.kind {
	case "TRUE":
		return true
	case "FALSE":
		return false
	case "NOT":
		return !r.args[0].holds(stateOf)
	case "AND":
		return r.args[0].holds(stateOf) && r.args[1].holds(stateOf)
	case "OR":
		return r.args[0].holds(stateOf) || r.args[1].holds(stateOf)
	default:
		return stateOf(r.child) == r.kind
	}
}
