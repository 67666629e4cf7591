package main

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/viridian-dev/viridian/test/simulation"
)

// ledger keeps the summaries of seeds in a file, so that a long run can be
// continued. It is for one build only. A nil ledger keeps nothing.
type ledger struct {
	file *os.File
	// done are the summaries by their first seed.
	done map[uint64]simulation.Summary
}

// header is the first line of the file.
type header struct {
	Build string
}

// openLedger opens or creates the file; it returns nil without a path.
func openLedger(path, binary string) (*ledger, error) {
	if path == "" {
		return nil, nil
	}
	build, err := fingerprint(binary)
	if err != nil {
		return nil, err
	}
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o600) //nolint:gosec // the user named it
	if err != nil {
		return nil, err
	}
	l := &ledger{file: file, done: map[uint64]simulation.Summary{}}
	if err := l.read(build); err != nil {
		return nil, fmt.Errorf("%s: %w", path, errors.Join(err, file.Close()))
	}
	return l, nil
}

// read reads what was kept. It ignores a truncated last line.
func (l *ledger) read(build string) error {
	lines := bufio.NewScanner(l.file)
	lines.Buffer(nil, 16<<20)
	if !lines.Scan() {
		return errors.Join(lines.Err(), l.write(header{Build: build}))
	}
	var h header
	if err := json.Unmarshal(lines.Bytes(), &h); err != nil || h.Build != build {
		return errors.New("it is about another build: take another file")
	}
	for lines.Scan() {
		var s simulation.Summary
		if json.Unmarshal(lines.Bytes(), &s) == nil {
			l.done[s.From] = s
		}
	}
	return lines.Err()
}

// find returns what is known about that many seeds.
func (l *ledger) find(from, seeds uint64) (s simulation.Summary, ok bool) {
	if l == nil {
		return s, false
	}
	s, ok = l.done[from]
	return s, ok && s.Seeds == seeds
}

// keep adds a summary.
func (l *ledger) keep(s simulation.Summary) error {
	if l == nil {
		return nil
	}
	return l.write(s)
}

func (l *ledger) write(v any) error {
	line, err := json.Marshal(v)
	if err != nil {
		return err
	}
	_, err = l.file.Write(append(line, '\n'))
	return err
}

// fingerprint distinguishes builds.
func fingerprint(binary string) (string, error) {
	file, err := os.Open(binary) //nolint:gosec // it was built here
	if err != nil {
		return "", err
	}
	defer file.Close() //nolint:errcheck // it was only read
	hash := sha256.New()
	if _, err := io.Copy(hash, file); err != nil {
		return "", err
	}
	return hex.EncodeToString(hash.Sum(nil)), nil
}
