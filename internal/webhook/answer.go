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
	// MaxBody is how much of an answer's body is read.
	MaxBody = 64 << 10
	// maxRetryAfter keeps a pause that a server asks for within what can be
	// reckoned with.
	maxRetryAfter = 24 * time.Hour
)

// Answer is what the server answered.
type Answer struct {
	Status int
	// Body is valid UTF-8 and at most MaxBody of what came.
	Body []byte
	// RetryAfter is the pause that the server asks for, at most a day; zero
	// when it asks for none.
	RetryAfter time.Duration
}

// read reads the answer. A change of protocols has no body but the connection
// itself, which nothing would stop reading from.
func (c *Client) read(res *http.Response) (Answer, error) {
	a := Answer{Status: res.StatusCode, RetryAfter: retryAfter(res.Header.Get("Retry-After"), c.now())}
	if res.StatusCode == http.StatusSwitchingProtocols {
		return a, nil
	}
	// A rune that the limit would cut is read whole, so that it can be told
	// from an invalid one.
	raw, err := io.ReadAll(io.LimitReader(res.Body, MaxBody+utf8.UTFMax))
	if err != nil {
		return Answer{}, err
	}
	a.Body = text(raw)
	return a, nil
}

// text makes the bytes valid UTF-8 of at most MaxBody.
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

// retryAfter reads the header's seconds or date.
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
