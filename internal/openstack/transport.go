package openstack

import (
	"errors"
	"io"
	"net/http"
)

const (
	maxHeader  = 64 << 10 // bytes of an answer's header
	maxExcerpt = 8 << 10  // bytes that are read of an answer that is a failure
)

// ErrTooLarge is where an answer is larger than the config allows.
var ErrTooLarge = errors.New("the answer is larger than max_answer")

// bounded is a transport whose answers end in ErrTooLarge where they are larger
// than limit bytes, and soon where they are failures: gophercloud reads all of
// an answer.
type bounded struct {
	base  http.RoundTripper
	limit int64
}

func (b *bounded) RoundTrip(r *http.Request) (*http.Response, error) {
	answer, err := b.base.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	if answer.StatusCode/100 == 2 {
		answer.Body = &boundedBody{answer.Body, b.limit}
	} else {
		answer.Body = struct {
			io.Reader
			io.Closer
		}{io.LimitReader(answer.Body, maxExcerpt), answer.Body}
	}
	return answer, nil
}

type boundedBody struct {
	io.ReadCloser
	left int64
}

func (b *boundedBody) Read(p []byte) (int, error) {
	if b.left < 0 {
		return 0, ErrTooLarge
	}
	if int64(len(p)) > b.left+1 {
		p = p[:b.left+1]
	}
	n, err := b.ReadCloser.Read(p)
	if b.left -= int64(n); b.left < 0 {
		return n - 1, ErrTooLarge
	}
	return n, err
}
