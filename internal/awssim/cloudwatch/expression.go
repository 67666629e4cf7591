package cloudwatch

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// expression is a node of a parsed metric math expression.
type expression struct {
	// kind is "number", "id", "word", "array", "call", "negate" or a binary
	// operator.
	kind string
	// name is an id, a keyword or a function.
	name   string
	number float64
	args   []*expression
}

// maxExpression is the longest expression that CloudWatch takes.
const maxExpression = 2048

var mathTokens = regexp.MustCompile(`^(?:[0-9]+(?:\.[0-9]+)?|[A-Za-z][A-Za-z0-9_]*|&&|\|\||[<>=!]=|[-+*/^()\[\],<>]|'[^']*'|"[^"]*")`)

// mathParser is a recursive descent parser; the operators' precedence is in
// mathLevels.
type mathParser struct {
	tokens []string
}

// mathLevels are the binary operators, those that bind least first.
func mathLevels() [][]string {
	return [][]string{{"OR", "||"}, {"AND", "&&"}, {"==", "!="}, {"<", ">", "<=", ">="}, {"+", "-"}, {"*", "/"}}
}

// parseMath reads a metric math expression.
func parseMath(text string) (*expression, error) {
	if len(text) > maxExpression {
		return nil, invalid("The expression must be at most %d characters long", maxExpression)
	}
	if strings.HasPrefix(strings.TrimSpace(text), "SELECT ") {
		return nil, invalid("A Metrics Insights query, SELECT, is not simulated")
	}
	p := &mathParser{}
	for rest := strings.TrimSpace(text); rest != ""; rest = strings.TrimSpace(rest) {
		token := mathTokens.FindString(rest)
		if token == "" {
			return nil, invalid("unexpected character at %q", rest)
		}
		p.tokens = append(p.tokens, token)
		rest = rest[len(token):]
	}
	e, err := p.binary(0)
	if err != nil {
		return nil, err
	}
	if len(p.tokens) > 0 {
		return nil, invalid("unexpected %q", p.tokens[0])
	}
	return e, nil
}

func (p *mathParser) peek() string {
	if len(p.tokens) == 0 {
		return ""
	}
	return p.tokens[0]
}

func (p *mathParser) next() string {
	token := p.peek()
	if token != "" {
		p.tokens = p.tokens[1:]
	}
	return token
}

func (p *mathParser) expect(token string) error {
	got := p.next()
	if got == token {
		return nil
	}
	if got == "" {
		return invalid("%q is missing at the end", token)
	}
	return invalid("unexpected %q instead of %q", got, token)
}

// binary reads operators of a level and above; they are left-associative.
func (p *mathParser) binary(level int) (*expression, error) {
	levels := mathLevels()
	if level == len(levels) {
		return p.unary()
	}
	left, err := p.binary(level + 1)
	for err == nil && slices.Contains(levels[level], p.peek()) {
		operator := p.next()
		var right *expression
		if right, err = p.binary(level + 1); err == nil {
			left = &expression{kind: canonical(operator), args: []*expression{left, right}}
		}
	}
	return left, err
}

func canonical(operator string) string {
	switch operator {
	case "&&":
		return "AND"
	case "||":
		return "OR"
	default:
		return operator
	}
}

// unary reads a minus, which binds less than a power: -m^2 is -(m^2).
func (p *mathParser) unary() (*expression, error) {
	if p.peek() != "-" {
		return p.power()
	}
	p.next()
	arg, err := p.unary()
	if err != nil {
		return nil, err
	}
	return &expression{kind: "negate", args: []*expression{arg}}, nil
}

func (p *mathParser) power() (*expression, error) {
	base, err := p.primary()
	if err != nil || p.peek() != "^" {
		return base, err
	}
	p.next()
	exponent, err := p.unary()
	if err != nil {
		return nil, err
	}
	return &expression{kind: "^", args: []*expression{base, exponent}}, nil
}

func (p *mathParser) primary() (*expression, error) {
	token := p.next()
	switch token {
	case "":
		return nil, invalid("the expression ends too early")
	case "(":
		e, err := p.binary(0)
		if err != nil {
			return nil, err
		}
		return e, p.expect(")")
	case "[":
		args, err := p.list("]")
		return &expression{kind: "array", args: args}, err
	case "AND", "OR":
		return nil, invalid("unexpected %q", token)
	default:
		return p.leaf(token)
	}
}

// leaf reads a number, an id or a word.
func (p *mathParser) leaf(token string) (*expression, error) {
	switch first := token[0]; {
	case first >= '0' && first <= '9':
		number, err := strconv.ParseFloat(token, 64)
		if err != nil {
			return nil, invalid("%q is not a number", token)
		}
		return &expression{kind: "number", number: number}, nil
	case first >= 'a' && first <= 'z':
		return &expression{kind: "id", name: token}, nil
	case first >= 'A' && first <= 'Z':
		return p.word(token)
	default:
		return nil, invalid("unexpected %q", token)
	}
}

// word reads a function's call or a keyword such as REPEAT.
func (p *mathParser) word(name string) (*expression, error) {
	if p.peek() != "(" {
		return &expression{kind: "word", name: name}, nil
	}
	if !slices.Contains(mathFunctions(), name) {
		return nil, invalid("The function %s is not known or not simulated", name)
	}
	p.next()
	args, err := p.list(")")
	return &expression{kind: "call", name: name, args: args}, err
}

// list reads what stands between commas.
func (p *mathParser) list(end string) ([]*expression, error) {
	if p.peek() == end {
		p.next()
		return nil, nil
	}
	var args []*expression
	for {
		arg, err := p.binary(0)
		if err != nil {
			return nil, err
		}
		args = append(args, arg)
		if p.peek() != "," {
			return args, p.expect(end)
		}
		p.next()
	}
}

// ids lists the ids that an expression uses.
func (e *expression) ids() []string {
	if e.kind == "id" {
		return []string{e.name}
	}
	var ids []string
	for _, arg := range e.args {
		ids = append(ids, arg.ids()...)
	}
	return ids
}
