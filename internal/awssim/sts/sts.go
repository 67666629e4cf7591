// Package sts simulates the AWS Security Token Service: who the caller is, and
// the assumption of roles. Every role may be assumed unless it was registered
// with a condition.
//
// It imports the standard library and internal/awssim/core only.
package sts

import (
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/viridian-dev/viridian/internal/awssim/core"
)

// defaultSession is how long a session lasts, and how long it may last unless
// the role says otherwise. One that was reached from another session may never
// last longer.
const defaultSession = time.Hour

// Role says under which condition a registered role may be assumed.
type Role struct {
	// ExternalID must be sent if it isn't empty.
	ExternalID string
	// Denied refuses everybody.
	Denied bool
	// MaxSession is the longest session. Default an hour.
	MaxSession time.Duration
}

// Session is one assumption of a role.
type Session struct {
	AccessKeyID string
	RoleARN     string
	Name        string
	ExternalID  string
	Expires     time.Time

	token string
}

// Service is STS in one account and region.
type Service struct {
	world    *core.World
	roles    map[string]Role
	sessions []Session
	byKey    map[string]Session
}

// New returns STS without registered roles.
func New(w *core.World) *Service {
	return &Service{world: w, roles: map[string]Role{}, byKey: map[string]Session{}}
}

// Register sets the condition for a role ARN. The caller holds the world's
// lock.
func (s *Service) Register(arn string, role Role) { s.roles[arn] = role }

// Sessions returns every assumption so far. The caller holds the world's lock.
func (s *Service) Sessions() []Session { return s.sessions }

// Expired tells whether an access key belongs to a session that is over. The
// caller holds the world's lock.
func (s *Service) Expired(accessKeyID string) bool {
	session, known := s.byKey[accessKeyID]
	return known && s.world.Now().After(session.Expires)
}

// Knows tells whether the session token belongs to the access key. A key that
// isn't a session's has no token; any is taken for a user's. The caller holds
// the world's lock.
func (s *Service) Knows(accessKeyID, token string) bool {
	session, known := s.byKey[accessKeyID]
	return !known || session.token == token
}

// CallerARN names the owner of an access key as AWS does in its refusals. The
// caller holds the world's lock.
func (s *Service) CallerARN(accessKeyID string) string {
	if session, known := s.byKey[accessKeyID]; known {
		return assumedARN(session)
	}
	return fmt.Sprintf("arn:%s:iam::%s:user/simulated", s.world.Partition, s.world.Account)
}

// assumedARN turns arn:aws:iam::1:role/path/name into
// arn:aws:sts::1:assumed-role/name/session.
func assumedARN(session Session) string {
	parts := strings.SplitN(session.RoleARN, ":", 6)
	name := parts[5][strings.LastIndex(parts[5], "/")+1:]
	return fmt.Sprintf("arn:%s:sts::%s:assumed-role/%s/%s", parts[1], parts[4], name, session.Name)
}

// SigningName implements core.QueryService.
func (s *Service) SigningName() string { return "sts" }

// Namespace implements core.QueryService.
func (s *Service) Namespace() string { return "https://sts.amazonaws.com/doc/2011-06-15/" }

// Query implements core.QueryService.
func (s *Service) Query() map[string]core.QueryFunc {
	return map[string]core.QueryFunc{
		"GetCallerIdentity": s.getCallerIdentity,
		"AssumeRole":        s.assumeRole,
	}
}

func (s *Service) getCallerIdentity(values url.Values) (any, error) {
	if err := core.DecodeQuery(values, &struct{}{}); err != nil {
		return nil, err
	}
	out := struct {
		Arn     string
		UserID  string `xml:"UserId"`
		Account string
	}{Arn: s.CallerARN(s.world.Caller), UserID: "AIDASIMULATED00000000", Account: s.world.Account}
	if session, known := s.byKey[s.world.Caller]; known {
		out.UserID = "AROASIMULATED00000000:" + session.Name
		out.Account = strings.Split(session.RoleARN, ":")[4]
	}
	return out, nil
}

type assumeRoleIn struct {
	RoleArn         string
	RoleSessionName string
	ExternalId      string
	DurationSeconds *int
	Policy          string
	SourceIdentity  string
	Tags            []core.Tag
	// TransitiveTagKeys name tags that later sessions of this one keep.
	TransitiveTagKeys []string
}

type credentials struct {
	AccessKeyID     string `xml:"AccessKeyId"`
	SecretAccessKey string
	SessionToken    string
	Expiration      time.Time
}

type assumedRoleUser struct {
	AssumedRoleID string `xml:"AssumedRoleId"`
	Arn           string
}

func (s *Service) assumeRole(values url.Values) (any, error) {
	var in assumeRoleIn
	if err := core.DecodeQuery(values, &in); err != nil {
		return nil, err
	}
	duration, err := s.checkAssumeRole(in)
	if err != nil {
		return nil, err
	}
	session := Session{
		AccessKeyID: "ASIA" + strings.ToUpper(s.world.HexID(16)), RoleARN: in.RoleArn, Name: in.RoleSessionName,
		ExternalID: in.ExternalId, Expires: s.world.Now().Add(duration).Truncate(time.Second), token: s.world.HexID(64),
	}
	s.sessions = append(s.sessions, session)
	s.byKey[session.AccessKeyID] = session
	return struct {
		Credentials     credentials
		AssumedRoleUser assumedRoleUser
	}{
		credentials{session.AccessKeyID, s.world.HexID(40), session.token, session.Expires},
		assumedRoleUser{"AROASIMULATED00000000:" + session.Name, assumedARN(session)},
	}, nil
}
