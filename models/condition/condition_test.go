package condition

import (
	"strings"
	"testing"
)

var shoe = Product{
	ID: "S1", Title: "Red shoe 🥿", Brand: "Acme", Category: "Home > Kitchen", Price: 40, FullPrice: 50, Discount: .2, OnSale: true, HasPrice: true,
	Attributes: map[string]string{"color": "red", "weight": "1.5", "odd": "x"},
}

// What is not known is null, and a comparison with null is false.
func TestHolds(t *testing.T) {
	bare := Product{ID: "B"}
	for _, c := range []struct {
		text       string
		shoe, bare bool
	}{
		{`brand == "Acme"`, true, false},
		{`brand != "Acme"`, false, false},
		{`brand != "Other"`, true, false},
		{`not (brand == "Acme")`, false, true},
		{`price < 50`, true, false},
		{`price >= 0`, true, false},
		{`price * 2 > 10 && on_sale`, true, false},
		{`full_price - price > 5 or stock == 0`, true, false},
		{`stock != 3`, false, false},
		{`discount >= .2`, true, false},
		{`brand in ["Acme", "Else"]`, true, false},
		{`title contains "🥿"`, true, false},
		{`lower(title) startsWith "red"`, true, false},
		{`title matches "sho."`, true, false},
		{`below(category, "Home > Kitchen")`, true, false},
		{`below(category, "Home")`, true, false},
		{`below(category, "Home > Kit")`, false, false},
		{`attributes.color == "red"`, true, false},
		{`attributes.color != "blue"`, true, false},
		{`attributes.size != "L"`, false, false},
		{`float(attributes.weight) > 1`, true, false},
		{`float(attributes.odd) > 1`, false, false},
		{`"color" in attributes`, true, false},
		{`id == "B" ? true : on_sale`, true, true},
		{`true`, true, true},
	} {
		compiled, err := Compile(c.text)
		if err != nil {
			t.Errorf("%s: %v", c.text, err)
			continue
		}
		var m Machine
		if a, b := compiled.Holds(&m, &shoe), compiled.Holds(&m, &bare); a != c.shoe || b != c.bare {
			t.Errorf("%s: %v and %v, want %v and %v", c.text, a, b, c.shoe, c.bare)
		}
	}
}

// What cannot be meant is refused when it is set, in words that say what to do.
func TestRefused(t *testing.T) {
	for _, c := range []struct{ text, why string }{
		{`brnd == "Acme"`, "did you mean brand?"},
		{`colour == "red"`, "attributes.color"},
		{`price`, "bool"},
		{`price < "5"`, "mismatched types"},
		{`brand == 5`, "mismatched types"},
		{`brand ==`, "unexpected"},
		{`has_price`, "there is no attribute"},
		{`now() > 5`, "now"},
		{`any([1, 2], # > 1)`, "loops"},
		{`len(1..1000000) > 1`, ".."},
		{`2 ** 9 > price`, "**"},
		{`title matches brand`, "pattern in quotes"},
		{`let x = 1; x < price`, "variables"},
		{`title matches "("`, "error parsing regexp"},
		{"brand == \"" + strings.Repeat("a", MaxLength) + `"`, "2000 are possible"},
		{strings.Repeat("price > 1 && ", 140) + "true", "exceeds maximum"},
	} {
		if _, err := Compile(c.text); err == nil || !strings.Contains(err.Error(), c.why) {
			t.Errorf("%.60s: %v, want %q", c.text, err, c.why)
		}
	}
}

// A condition is read or refused, and never brings the process down.
func FuzzCompile(f *testing.F) {
	for _, text := range []string{`brand == "a" && price < 5`, `attributes.color in ["a"]`, `not (stock > 1) ? true : on_sale`, `below(category, "a > b")`} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if c, err := Compile(text); err == nil {
			var m Machine
			c.Holds(&m, &shoe)
			c.Holds(&m, &Product{})
		}
	})
}
