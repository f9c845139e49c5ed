package models

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
