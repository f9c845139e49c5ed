// Package frame answers recommendation frames: places on a page or in a mail. A frame is a chain of recipes; every
// recipe fills the slots that those before it have left empty, and every slot says which step filled it and on what
// evidence. Filters (stock, exclusions, what the visitor looks at already) run while candidates are collected.
package frame

import (
	"fmt"
	"maps"
	"slices"

	"orrery/models/settings"
)

// Recipe is a way to find products.
type Recipe string

// The recipes.
const (
	BoughtTogether     Recipe = "bought_together"      // orders that hold both; of the products asked about
	BoughtAfterViewing Recipe = "bought_after_viewing" // orders whose buyer had viewed the product asked about
	ViewedTogether     Recipe = "viewed_together"      // sessions that viewed both
	Similar            Recipe = "similar"              // alike by title, category, brand and price
	Next               Recipe = "next"                 // what visitors with a session like this one looked at next
	ForYou             Recipe = "for_you"              // from all that the person viewed and bought lately
	Complements        Recipe = "complements"          // bought together with a whole cart
	RecentlyViewed     Recipe = "recently_viewed"      // what the person viewed, newest first
	CartLeft           Recipe = "cart_left"            // what the person left in the cart
	BuyAgain           Recipe = "buy_again"            // what the person bought before
	NextBasket         Recipe = "next_basket"          // what a person who has bought buys next: again, or for the first time
	Bestsellers        Recipe = "bestsellers"          // most orders, of the category asked about or the shop
	Trending           Recipe = "trending"             // viewed more than usual, of the category asked about or the shop
	MostViewed         Recipe = "most_viewed"          // most views lately, of the category asked about or the shop
	New                Recipe = "new"                  // listed last
	OnSale             Recipe = "on_sale"              // went on sale last
)

// Recipes is all of them.
var Recipes = []Recipe{
	BoughtTogether, BoughtAfterViewing, ViewedTogether, Similar, Next, ForYou, Complements, RecentlyViewed, CartLeft, BuyAgain,
	NextBasket, Bestsellers, Trending, MostViewed, New, OnSale,
}

// Step is one link of a chain.
type Step struct {
	Recipe Recipe
	// SameCategory keeps to the category of the product asked about (bestsellers, trending, most viewed).
	SameCategory bool
}

// Frame is a place and the chain that fills it.
type Frame struct {
	Steps []Step
	N     int // slots when the request does not say

	name string // known to the answerer
	hash uint64
	own  *own // of one that a shop has set, else nil
}

// DefaultSlots is the number of slots of a frame that does not say.
const DefaultSlots = 8

// MaxSlots bounds what a request may ask for.
const MaxSlots = 100

// Defaults returns the frames of a shop that has set none: one for each kind of page, and one for every recipe alone,
// under the recipe's name.
func Defaults() map[string]Frame {
	frames := map[string]Frame{}
	for _, p := range settings.Presets() {
		if p.BuiltIn {
			frames[p.Frame] = Frame{Steps: chainOf(&p.Definition), N: p.Definition.Slots}
		}
	}
	for _, r := range Recipes {
		frames[string(r)] = Frame{Steps: []Step{{Recipe: r}}}
	}
	return frames
}

// chainOf returns the recipes of a definition.
func chainOf(def *settings.Frame) (steps []Step) {
	for _, s := range def.Steps {
		steps = append(steps, Step{Recipe: Recipe(s.Recipe), SameCategory: s.Category == "product"})
	}
	return steps
}

// Check reports what is wrong with frames, nil where nothing is.
func Check(frames map[string]Frame) error {
	for _, name := range slices.Sorted(maps.Keys(frames)) {
		f := frames[name]
		if len(f.Steps) == 0 {
			return fmt.Errorf("frame %q has no steps", name)
		}
		if f.N < 0 || f.N > MaxSlots {
			return fmt.Errorf("frame %q has %d slots: 1 to %d are possible", name, f.N, MaxSlots)
		}
		for i, s := range f.Steps {
			if !slices.Contains(Recipes, s.Recipe) {
				return fmt.Errorf("frame %q: step %d has the unknown recipe %q", name, i+1, s.Recipe)
			}
		}
	}
	return nil
}
