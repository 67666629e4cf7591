package simulation

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"strings"
	"time"
)

// began is when every bubble of testing/synctest begins.
var began = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

// journal is the log of what happened, for people. Reads are only added to the
// hash, unless everything is to be logged.
type journal struct {
	lines []string
	sum   hash.Hash
	loud  bool
}

func newJournal(loud bool) *journal { return &journal{sum: sha256.New(), loud: loud} }

// tell logs what someone did.
func (j *journal) tell(who, format string, args ...any) {
	j.write(true, who, format, args...)
}

// whisper logs details.
func (j *journal) whisper(who, format string, args ...any) {
	j.write(j.loud, who, format, args...)
}

func (j *journal) write(keep bool, who, format string, args ...any) {
	line := fmt.Sprintf("%s  %-14s %s", clock(time.Since(began)), who, fmt.Sprintf(format, args...))
	_, _ = fmt.Fprintln(j.sum, line) // a hash takes everything
	if keep {
		j.lines = append(j.lines, line)
	}
}

// clock writes the time since the beginning.
func clock(d time.Duration) string {
	return fmt.Sprintf("%3d:%02d:%06.3f", int(d.Hours()), int(d.Minutes())%60, (d % time.Minute).Seconds())
}

// hash is the hash of everything that happened.
func (j *journal) hash() string { return hex.EncodeToString(j.sum.Sum(nil)[:8]) }

func (j *journal) String() string { return strings.Join(j.lines, "\n") }
