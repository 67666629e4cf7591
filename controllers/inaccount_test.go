package controllers

import (
	"errors"
	"slices"
	"testing"
)

// Credentials may be replaced while a pass reads: what it found, or didn't, is then
// another account's.
func TestAccountIsCheckedBeforeAndAfter(t *testing.T) {
	wrong := errors.New("wrong account")
	for name, tt := range map[string]struct {
		checks []error
		read   error
		want   error
		did    []string
	}{
		"right":           {[]error{nil, nil}, nil, nil, []string{"check", "read", "check"}},
		"wrong before":    {[]error{wrong}, nil, wrong, []string{"check"}},
		"wrong afterward": {[]error{nil, wrong}, nil, wrong, []string{"check", "read", "check"}},
		"not readable":    {[]error{nil}, errors.ErrUnsupported, errors.ErrUnsupported, []string{"check", "read"}},
	} {
		t.Run(name, func(t *testing.T) {
			var did []string
			checks := tt.checks
			check := func() error {
				did = append(did, "check")
				err := checks[0]
				checks = checks[1:]
				return err
			}
			read := func() error { did = append(did, "read"); return tt.read }
			if err := inAccount(check, read); !errors.Is(err, tt.want) || !slices.Equal(did, tt.did) {
				t.Errorf("%v after %v, want %v after %v", err, did, tt.want, tt.did)
			}
		})
	}
}
