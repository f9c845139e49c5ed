package models

import "bytes"

// Value is one JSON value as it was sent, without white space around it.
type Value []byte

// Members walks a member list, Props of an event or item, and yields each name, escapes resolved, and value until
// yield returns false. Where a name is there twice the later one counts: Member knows that. It allocates only for
// a name that has escapes.
func Members(props []byte, yield func(name []byte, v Value) bool) {
	for i := space(props, 0); i < len(props); {
		from := i + 1
		value, why := skipKey(props, i)
		if why != sound {
			return
		}
		name := props[from:]
		end, flags := scanString(name, 0)
		name = name[:end:end]
		if flags&hasEscape != 0 {
			name = unescape(nil, name)
		}
		value = space(props, value)
		if i, why = skip(props, value, MaxDepth); why != sound || !yield(name, Value(props[value:i:i])) {
			return
		}
		if i = space(props, i); i < len(props) && props[i] != ',' {
			return
		}
		i = space(props, i+1)
	}
}

// Member returns the value of the last member of that name, nil where there is none.
func Member(props []byte, name string) (v Value) {
	Members(props, func(n []byte, value Value) bool {
		if string(n) == name {
			v = value
		}
		return true
	})
	return v
}

// Elements walks an array and yields each value until yield returns false.
func Elements(array Value, yield func(v Value) bool) {
	if len(array) < 2 || array[0] != '[' {
		return
	}
	for i := space(array, 1); i < len(array) && array[i] != ']'; {
		end, why := skip(array, i, MaxDepth)
		if why != sound || !yield(array[i:end:end]) {
			return
		}
		if i = space(array, end); i >= len(array) || array[i] != ',' {
			return
		}
		i = space(array, i+1)
	}
}

// Text returns a string's text: a part of v, or, where an escape had to be resolved, of the buffer that it was
// appended to and that is returned as well. A number is its digits as sent. ok is false for any other value.
func (v Value) Text(buf []byte) (text, grown []byte, ok bool) {
	switch {
	case len(v) >= 2 && v[0] == '"':
		text = v[1 : len(v)-1]
		if bytes.IndexByte(text, '\\') < 0 {
			return text, buf, true
		}
		start := len(buf)
		buf = unescape(buf, text)
		return buf[start:len(buf):len(buf)], buf, true
	case len(v) > 0 && (v[0] == '-' || v[0]-'0' <= 9):
		return v, buf, true
	}
	return nil, buf, false
}

// number reads a number, or a string that holds one.
func (v Value) number() (n number, text []byte, ok bool) {
	text = v
	if len(v) >= 2 && v[0] == '"' {
		text = v[1 : len(v)-1]
	}
	n = scanNumber(text, 0)
	return n, text, n.flags&noNumber == 0 && n.end == len(text)
}

// Money reads an amount, as a number or as a string that holds one.
func (v Value) Money() (m Money, ok bool) {
	n, _, ok := v.number()
	if !ok {
		return 0, false
	}
	return n.money(), true
}

// Float reads a number, or a string that holds one. It is infinite where it is past float64's range.
func (v Value) Float() (f float64, ok bool) {
	n, text, ok := v.number()
	if !ok {
		return 0, false
	}
	return n.float(text), true
}

// Bool reads true or false, as a literal, as a string, or as 1 and 0.
func (v Value) Bool() (b, ok bool) {
	switch string(v) {
	case "true", `"true"`, "1", `"1"`:
		return true, true
	case "false", `"false"`, "0", `"0"`:
		return false, true
	}
	return false, false
}
