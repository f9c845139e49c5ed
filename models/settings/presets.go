package settings

// Preset is a frame to begin with: as it is, or copied and changed.
type Preset struct {
	Frame string `json:"frame"` // the name that it is made for
	// BuiltIn tells that every shop has it under this name without setting it.
	BuiltIn    bool   `json:"built_in,omitempty"`
	For        string `json:"for"`
	Definition Frame  `json:"setting"`
}

func chain(steps ...Step) Frame { return Frame{Steps: steps} }

func of(recipes ...string) (steps []Step) {
	for _, r := range recipes {
		steps = append(steps, Step{Recipe: r})
	}
	return steps
}

// popular is what there is to show where nothing better is known, from the category of the page's product on.
var popular = []Step{{Recipe: "bestsellers", Category: "product"}, {Recipe: "trending"}, {Recipe: "bestsellers"}, {Recipe: "most_viewed"}}

// Presets returns all presets: first the frames that every shop has.
func Presets() []Preset {
	crowd := of("trending", "bestsellers", "most_viewed")
	with := func(f Frame, change func(f *Frame)) Frame {
		change(&f)
		return f
	}
	return []Preset{
		{"product_page", true, "beside a product: what buyers of it bought, what is viewed with it, what is like it", chain(append(of("bought_after_viewing", "viewed_together", "bought_together", "similar"), popular...)...)},
		{"cart_page", true, "in the cart: what goes with all of it", chain(append(of("complements", "viewed_together"), popular...)...)},
		{"home_page", true, "the home page: for this visitor, else for all", chain(append(of("next", "for_you"), crowd...)...)},
		{"category_page", true, "the page of a category", chain(crowd...)},
		{"mail", true, "a mail: what was left in the cart, then for this person", chain(append(of("cart_left", "for_you", "recently_viewed"), crowd...)...)},

		{"similar_products", false, "alternatives to a product: of the same category and at most a third dearer", with(chain(of("similar", "viewed_together")...), func(f *Frame) {
			f.Minimum, f.Match = 3, Match{Category: "same", PriceTo: 1.33}
		})},
		{"search_page", false, "beside results of a search, or in place of none", with(chain(append(of("next", "recently_viewed"), crowd...)...), func(f *Frame) { f.Exclude.Cart = true })},
		{"error_page", false, "a page that is not there", chain(append(of("recently_viewed", "next"), crowd...)...)},
		{"exit_popup", false, "who is about to leave: the cart, then what was looked at last, of several brands", with(chain(append(of("cart_left", "recently_viewed", "next"), crowd...)...), func(f *Frame) {
			f.Slots, f.Minimum, f.Limits = 3, 2, []Limit{{Of: "brand", Most: 1}}
		})},
		{"thank_you", false, "after an order: what goes with it, and nothing that was bought lately", with(chain(append(of("next_basket", "for_you"), crowd...)...), func(f *Frame) { f.Exclude.BoughtDays = 30 })},
		{"pos_screen", false, "the till: what goes with the basket, few and cheap", with(chain(of("complements", "bestsellers")...), func(f *Frame) { f.Slots, f.Where = 4, "price < 25" })},
		{"chat", false, "an answer in a chat: three products of different categories", with(chain(append(of("next", "for_you"), crowd...)...), func(f *Frame) {
			f.Slots, f.Limits = 3, []Limit{{Of: "category", Most: 1}}
		})},
		{"mail_weekly", false, "a newsletter: new to this person, and varied", with(chain(append(of("for_you", "new"), crowd...)...), func(f *Frame) {
			f.Slots, f.Minimum, f.Diversity, f.Exclude = 6, 3, .2, Exclude{BoughtDays: 60, ViewedDays: 7}
		})},
		{"grocer", false, "a grocer: what this customer buys next, again or for the first time", with(chain(Step{Recipe: "next_basket", Number: 12}, Step{Recipe: "bestsellers"}), func(f *Frame) {
			f.Slots, f.Exclude.Cart = 16, true
		})},
	}
}
