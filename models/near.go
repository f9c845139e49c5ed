package models

import "strings"

// Nearest returns the word among those known that one is most like, "" where it is like none: at most a third of its letters differ.
func Nearest(word string, known []string) (near string) {
	least := max(1, len(word)/3) + 1
	for _, k := range known {
		if d := distance(strings.ToLower(word), k); d < least {
			near, least = k, d
		}
	}
	return near
}

// distance is how many letters one has to put in, take out or change.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		before := row[0]
		row[0] = i + 1
		for j := range len(b) {
			d := before
			if a[i] != b[j] {
				d++
			}
			before = row[j+1]
			row[j+1] = min(d, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
