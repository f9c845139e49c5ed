package load

import (
	"bytes"
	"errors"
	"strconv"
)

// errAnswer says that what the server sent is no answer with a length.
var errAnswer = errors.New("the answer is not HTTP/1.1 with a Content-Length")

var (
	headEnd = []byte("\r\n\r\n")
	length  = []byte("\r\nContent-Length: ")
)

// answer is one HTTP response at the beginning of a buffer.
type answer struct {
	status int
	body   []byte
	size   int // of all of it
}

// readAnswer reads an answer. It returns false while buf does not hold all of it.
func readAnswer(buf []byte) (a answer, ok bool, err error) {
	end := bytes.Index(buf, headEnd)
	if end < 0 {
		return a, false, nil
	}
	head := buf[:end+2]
	if len(head) < 15 || string(head[:9]) != "HTTP/1.1 " {
		return a, false, errAnswer
	}
	if a.status, err = strconv.Atoi(string(head[9:12])); err != nil {
		return a, false, errAnswer
	}
	at := bytes.Index(head, length)
	if at < 0 {
		return a, false, errAnswer
	}
	n, digits := 0, head[at+len(length):]
	for len(digits) > 0 && digits[0] >= '0' && digits[0] <= '9' {
		n, digits = n*10+int(digits[0]-'0'), digits[1:]
	}
	a.size = end + len(headEnd) + n
	if len(buf) < a.size {
		return a, false, nil
	}
	a.body = buf[end+len(headEnd) : a.size]
	return a, true, nil
}
