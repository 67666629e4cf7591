package secrets

import (
	"encoding/json"
	"regexp"
	"strconv"
	"time"

	"github.com/viridian-dev/viridian/internal/awssim/core"
)

// How long the steps of a rotation take: the new version gets its value, then
// becomes current.
const (
	createTime = 3 * time.Second
	finishTime = 7 * time.Second
)

// rotation is how a secret rotates.
type rotation struct {
	enabled, fails bool
	function       string
	rules          *rules
	every          time.Duration
	next           time.Time
	timer          *core.Timer
}

type rules struct {
	AutomaticallyAfterDays int    `json:",omitempty"`
	Duration               string `json:",omitempty"`
	ScheduleExpression     string `json:",omitempty"`
}

func (r *rotation) stop() {
	r.timer.Stop()
	r.next = time.Time{}
}

type rotateIn struct {
	SecretId           string
	ClientRequestToken string
	RotationLambdaARN  string
	RotationRules      *rules
	RotateImmediately  *bool
}

// rotateSecret sets how a secret rotates, and begins to rotate it. The function is
// not run: the new value is made up.
func (s *Service) rotateSecret(in rotateIn) (any, error) {
	x, err := s.usable(in.SecretId)
	if err != nil {
		return nil, err
	}
	every, err := s.checkRotation(x, &in)
	if err != nil {
		return nil, err
	}
	x.rotation.enabled, x.changed = true, s.world.Now()
	if in.RotationLambdaARN != "" {
		x.rotation.function = in.RotationLambdaARN
	}
	if in.RotationRules != nil {
		x.rotation.rules, x.rotation.every = in.RotationRules, every
	}
	s.schedule(x)
	out := createdOut{ARN: x.arn, Name: x.name}
	if in.RotateImmediately == nil || *in.RotateImmediately {
		out.VersionId = s.begin(x, in.ClientRequestToken, nil).id
	}
	return out, nil
}

// checkRotation refuses what AWS refuses, and returns the time between rotations.
func (s *Service) checkRotation(x *secret, in *rotateIn) (time.Duration, error) {
	pending := x.staged(Pending)
	if err := checkRotationToken(in.ClientRequestToken); err != nil {
		return 0, err
	}
	switch {
	case in.RotationLambdaARN == "" && x.rotation.function == "" && x.owner == "":
		return 0, invalidRequest("No Lambda rotation function ARN is associated with this secret.")
	case in.RotationLambdaARN != "" && !s.opts.Function(in.RotationLambdaARN):
		return 0, core.Errorf("AccessDeniedException", "Secrets Manager cannot invoke the specified Lambda function. Ensure that the function policy grants access to the principal secretsmanager.amazonaws.com.")
	case pending != nil && pending != x.staged(Current):
		return 0, invalidRequest("A previous rotation isn't complete. That rotation will be reattempted.")
	case x.version(in.ClientRequestToken) != nil:
		return 0, errExists(x, in.ClientRequestToken)
	case in.RotationRules == nil:
		return 0, nil
	}
	return in.RotationRules.period()
}

// checkRotationToken has another code than others if there is none, as recorded.
func checkRotationToken(token string) error {
	switch {
	case token == "":
		return invalidParameter(noToken)
	case !validToken(token):
		return invalidParameter(badToken)
	default:
		return nil
	}
}

func errExists(x *secret, token string) error {
	return core.Errorf("ResourceExistsException", "You can't use ClientRequestToken %s because that value is already in use for a version of secret %s.", token, x.arn)
}

var ratePattern = regexp.MustCompile(`^rate\((\d+) (hours?|days?)\)$`)

// period is the time between rotations.
func (r *rules) period() (time.Duration, error) {
	if r.ScheduleExpression == "" {
		if r.AutomaticallyAfterDays < 1 || r.AutomaticallyAfterDays > 1000 {
			return 0, invalidParameter("RotationRules.AutomaticallyAfterDays must be within 1-1000.")
		}
		return time.Duration(r.AutomaticallyAfterDays) * 24 * time.Hour, nil
	}
	m := ratePattern.FindStringSubmatch(r.ScheduleExpression)
	if m == nil || r.AutomaticallyAfterDays != 0 {
		return 0, invalidParameter("The ScheduleExpression %s is not simulated", r.ScheduleExpression)
	}
	n, err := strconv.Atoi(m[1])
	unit := time.Hour
	if m[2][0] == 'd' {
		unit = 24 * time.Hour
	}
	if err != nil || time.Duration(n)*unit < 4*time.Hour || n > 999*24 {
		return 0, invalidParameter("The rotation schedule must be between 4 hours and 999 days.")
	}
	return time.Duration(n) * unit, nil
}

// SetRotation says how a secret rotates from now on.
func (s *Service) SetRotation(id string, r Rotation) error {
	x, err := s.find(id)
	if err == nil {
		s.setRotation(x, r)
	}
	return err
}

func (s *Service) setRotation(x *secret, r Rotation) {
	x.rotation.enabled, x.rotation.every, x.rotation.fails = true, r.Every, r.Fails
	s.schedule(x)
}

// schedule has a secret rotate by itself if it is to.
func (s *Service) schedule(x *secret) {
	x.rotation.stop()
	if !x.rotation.enabled || x.rotation.every == 0 {
		return
	}
	x.rotation.next = s.world.Now().Add(s.world.Scale(x.rotation.every))
	x.rotation.timer = s.world.After(x.rotation.every, func() {
		s.schedule(x)
		s.begin(x, s.world.UUID(), nil)
	})
}

// begin makes a pending version that has no value yet, or goes on with one that is
// there. Then the version gets its value, a made up one if there is none, and
// becomes current.
func (s *Service) begin(x *secret, id string, value *string) *version {
	v := x.staged(Pending)
	if v == nil || v == x.staged(Current) {
		s.detach(x, v, Pending)
		v = s.addVersion(x, id, nil, nil, Pending)
	}
	if x.rotation.fails {
		return v
	}
	if value == nil {
		value = new(s.madeUp(x))
	}
	s.world.After(createTime, func() {
		if v.text == nil && v.binary == nil {
			v.text = value
		}
		s.world.After(finishTime, func() { s.finish(x, v) })
	})
	return v
}

// finish makes the pending version the current one.
func (s *Service) finish(x *secret, v *version) {
	if x.staged(Pending) != v || !x.deleted.IsZero() {
		return // somebody else has moved the label, or deleted the secret
	}
	s.attach(x, v, Current)
	s.detach(x, v, Pending)
	x.rotated, x.changed = s.world.Now(), s.world.Now()
}

// madeUp is a new value like the current one: with another password if that is a
// JSON object.
func (s *Service) madeUp(x *secret) string {
	password := s.world.HexID(24)
	var object map[string]any
	if v := x.staged(Current); v == nil || v.text == nil || json.Unmarshal([]byte(*v.text), &object) != nil || object == nil {
		return password
	}
	object["password"] = password
	text, _ := json.Marshal(object) // it was read from JSON
	return string(text)
}

// Rotate begins to rotate a secret to a value, a made up one if it is "", and
// returns the new version. It needs no function.
func (s *Service) Rotate(id, value string) (string, error) {
	x, err := s.usable(id)
	if err != nil {
		return "", err
	}
	if value == "" {
		return s.begin(x, s.world.UUID(), nil).id, nil
	}
	return s.begin(x, s.world.UUID(), &value).id, nil
}

func (s *Service) cancelRotateSecret(in idIn) (any, error) {
	x, err := s.usable(in.SecretId)
	if err != nil {
		return nil, err
	}
	x.rotation.stop()
	x.rotation.enabled, x.changed = false, s.world.Now()
	out := createdOut{ARN: x.arn, Name: x.name}
	if v := x.staged(Pending); v != nil {
		out.VersionId = v.id
	}
	return out, nil
}
