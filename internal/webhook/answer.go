package webhook

import (
	"bytes"
	"io"
	"net/http"
	"strconv"
	"time"
	"unicode/utf8"
)

const (
	// MaxBody is how much of a response's body is read.
	MaxBody = 64 << 10
	// maxRetryAfter limits the pause that a server can ask for.
	maxRetryAfter = 24 * time.Hour
)

// Answer is the server's response.
type Answer struct {
	Status int
	// Body is valid UTF-8 and at most the first MaxBody bytes.
	Body []byte
	// RetryAfter is the pause that the server asks for, at most a day; zero
	// when it asks for none.
	RetryAfter time.Duration
}

// read reads the response. After a switch of protocols the body is the
// connection itself, and reading from it might never end.
func (c *Client) read(res *http.Response) (Answer, error) {
	a := Answer{Status: res.StatusCode, RetryAfter: retryAfter(res.Header.Get("Retry-After"), c.now())}
	if res.StatusCode == http.StatusSwitchingProtocols {
		return a, nil
	}
	// A rune that the limit would cut is read completely, so that it can be
	// distinguished from an invalid one.
	raw, err := io.ReadAll(io.LimitReader(res.Body, MaxBody+utf8.UTFMax))
	if err != nil {
		return Answer{}, err
	}
	a.Body = text(raw)
	return a, nil
}

// text returns the bytes as valid UTF-8 of at most MaxBody.
func text(raw []byte) []byte {
	valid := bytes.ToValidUTF8(raw, []byte("\uFFFD"))
	if len(valid) <= MaxBody {
		return valid
	}
	end := MaxBody
	for !utf8.RuneStart(valid[end]) {
		end--
	}
	return valid[:end]
}

// retryAfter parses the header's seconds or date.
func retryAfter(header string, now time.Time) time.Duration {
	if seconds, err := strconv.ParseUint(header, 10, 64); err == nil {
		return time.Duration(min(seconds, uint64(maxRetryAfter/time.Second))) * time.Second
	}
	date, err := http.ParseTime(header)
	if err != nil {
		return 0
	}
	return min(max(date.Sub(now), 0), maxRetryAfter)
}
