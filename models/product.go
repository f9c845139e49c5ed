package models

import "encoding/json"

// Product is what the catalogue knows of an item. Byte fields are shared and immutable.
type Product struct {
	Item     uint32 // interned number, from 1
	ID       []byte // the shop's own id
	Title    []byte
	URL      []byte
	Image    []byte
	Brand    []byte
	Category []byte // path, "Home > Kitchen"
	Currency []byte
	Price    Money
	Sale     Money // below Price while on sale, else 0
	InStock  bool
	Listed   bool // in the catalogue; false for an item that only events have named
	Removed  bool // taken out of it, or never offered
	Added    Time // first seen in the catalogue

	// Of catalogue.Whole only.
	Offer       Money // the sale price within its window, whether that is now or not
	From, Until Time  // the window, 0 where it is open
	Pieces      int64 // in stock, when HasPieces
	HasPieces   bool
	Lowest      Money  // of the 30 days before the present price, 0 where it has not changed
	Attributes  []byte // whatever else a feed says: a member list

	// JSON holds the product's members for a frame, escaped and ready to copy, without braces:
	// "item_id":"SKU7","title":"...","url":"...","image":"...","price":24.9,...
	JSON []byte
}

// ProductState is what is known of a product, and whether frames show it.
type ProductState struct {
	ID       string          `json:"item_id"`
	Title    string          `json:"title,omitempty"`
	URL      string          `json:"url,omitempty"`
	Image    string          `json:"image,omitempty"`
	Brand    string          `json:"brand,omitempty"`
	Category string          `json:"category,omitempty"`
	Price    json.RawMessage `json:"price,omitempty"`
	Sale     json.RawMessage `json:"sale_price,omitempty"` // while it is on sale
	Currency string          `json:"currency,omitempty"`
	Listed   bool            `json:"listed"`
	InStock  bool            `json:"in_stock"`
	Pieces   *int64          `json:"pieces,omitempty"`
	Group    string          `json:"item_group_id,omitempty"`
	Variants []string        `json:"variants,omitempty"` // of the group, itself included, 64 at most
	Shown    bool            `json:"shown"`
	ShownAs  string          `json:"shown_as,omitempty"` // the variant that frames show in its place
	Hidden   string          `json:"hidden,omitempty"`   // one of the words below, where it is not shown as itself
	Why      string          `json:"why"`                // in a sentence, with what would change it
	Times    FieldTimes      `json:"times"`
}

// FieldTimes are the moments from which the parts of a product are known.
type FieldTimes struct {
	Text  string `json:"text,omitempty"`
	Price string `json:"price,omitempty"`
	Stock string `json:"stock,omitempty"`
	Added string `json:"added,omitempty"` // to the catalogue
}

// Why frames do not show a product.
const (
	HiddenUnlisted = "unlisted"
	HiddenRemoved  = "removed"
	HiddenSoldOut  = "sold_out"
	HiddenVariant  = "variant" // the main item of a group is shown by its variants
)
