package main

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// byteSize is a number of bytes, written plainly or like 20GiB.
type byteSize int64

// leastQuota is the smallest share of the disk that the embedded log works with.
const leastQuota = 64 << 20

var sizeUnits = [...]string{"B", "KiB", "MiB", "GiB", "TiB"}

// UnmarshalText implements encoding.TextUnmarshaler.
func (s *byteSize) UnmarshalText(text []byte) error {
	number, unit := strings.TrimSpace(string(text)), 1.0
	for i, name := range sizeUnits {
		if rest, ok := strings.CutSuffix(number, name); ok && digitLast(rest) {
			number, unit = strings.TrimSpace(rest), math.Exp2(float64(10*i))
			break
		}
	}
	n, err := strconv.ParseFloat(number, 64)
	if err != nil || n < 0 || n*unit >= math.MaxInt64 || n != n {
		return fmt.Errorf("%q is no size like 1048576, 512MiB or 20GiB", text)
	}
	*s = byteSize(n * unit)
	return nil
}

func digitLast(text string) bool {
	text = strings.TrimSpace(text)
	return text != "" && text[len(text)-1] >= '0' && text[len(text)-1] <= '9'
}

// String writes the size as UnmarshalText reads it.
func (s byteSize) String() string {
	n, unit := int64(s), 0
	for n != 0 && n%1024 == 0 && unit+1 < len(sizeUnits) {
		n /= 1024
		unit++
	}
	if unit == 0 {
		return strconv.FormatInt(n, 10)
	}
	return strconv.FormatInt(n, 10) + sizeUnits[unit]
}
