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
	Added    Time // first seen in the catalogue

	// JSON holds the product's members for a frame, escaped and ready to copy, without braces:
	// "item_id":"SKU7","title":"...","url":"...","image":"...","price":24.9,...
	JSON []byte
}
