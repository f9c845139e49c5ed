package models

// Kind is what an event says happened. Names are those of GA4's e-commerce events.
type Kind uint8

// The known kinds. Other is any other name: behaviour too, kept and counted under its own name.
const (
	Other Kind = iota
	PageView
	ViewItem
	ViewItemList // with a recommendation: a frame was seen
	SelectItem   // with a recommendation: a frame was clicked
	Search
	AddToWishlist
	AddToCart
	RemoveFromCart
	ViewCart
	BeginCheckout
	EmailSent
	EmailOpen
	EmailClick
	Purchase
	Refund
	Cancel
	Identify
	ProductUpsert
	ProductRemove
	ProductPrice
	ProductStock
	Logout    // nobody is on the browser any more
	Erasure   // a contact or a visitor is to be forgotten: see erasure.go
	FeedTaken // a feed of products has been read to its end
	kinds
)

// LearnedRecord is the kind of what is no event: what was learned from events enters the log as a record of the topic Learned, and
// holds from where it stands. No name is of this kind.
const LearnedRecord Kind = 255

// SettingRecord is the kind of a record of the topic Settings, likewise: what a shop has set holds from where it stands in the log.
const SettingRecord Kind = 254

var kindNames = [kinds]string{
	PageView: "page_view", ViewItem: "view_item", ViewItemList: "view_item_list", SelectItem: "select_item",
	Search: "search", AddToWishlist: "add_to_wishlist", AddToCart: "add_to_cart", RemoveFromCart: "remove_from_cart",
	ViewCart: "view_cart", BeginCheckout: "begin_checkout",
	EmailSent: "email_sent", EmailOpen: "email_open", EmailClick: "email_click",
	Purchase: "purchase", Refund: "refund", Cancel: "cancel", Identify: "identify",
	ProductUpsert: "product_upsert", ProductRemove: "product_remove", ProductPrice: "product_price", ProductStock: "product_stock",
	Logout: "logout", Erasure: "erasure", FeedTaken: "feed_taken",
}

// String returns the event name of a known kind, and "other".
func (k Kind) String() string {
	if k > Other && k < kinds {
		return kindNames[k]
	}
	return "other"
}

// KindOf returns the kind of an event name, Other where it is not a known one.
func KindOf(name []byte) Kind {
	// The compiler turns the conversions below into comparisons without a copy.
	switch string(name) {
	case "page_view":
		return PageView
	case "view_item":
		return ViewItem
	case "view_item_list":
		return ViewItemList
	case "select_item":
		return SelectItem
	case "search", "view_search_results":
		return Search
	case "add_to_wishlist":
		return AddToWishlist
	case "add_to_cart":
		return AddToCart
	case "remove_from_cart":
		return RemoveFromCart
	case "view_cart":
		return ViewCart
	case "begin_checkout":
		return BeginCheckout
	case "email_sent":
		return EmailSent
	case "email_open":
		return EmailOpen
	case "email_click":
		return EmailClick
	case "purchase":
		return Purchase
	case "refund":
		return Refund
	case "cancel":
		return Cancel
	case "identify":
		return Identify
	case "product_upsert":
		return ProductUpsert
	case "product_remove":
		return ProductRemove
	case "product_price":
		return ProductPrice
	case "product_stock":
		return ProductStock
	case "logout":
		return Logout
	case "erasure":
		return Erasure
	case "feed_taken":
		return FeedTaken
	}
	return Other
}

// Topic is where events of a kind travel, without the configurable prefix.
type Topic string

// The topics. Decisions is laid out for whoever notes what was made of an answer; Orrery itself does not use it.
const (
	Pageviews    Topic = "pageviews"
	Transactions Topic = "transactions"
	Catalogue    Topic = "catalogue"
	Contacts     Topic = "contacts"
	Decisions    Topic = "decisions"
	Scores       Topic = "scores"
	DeadLetter   Topic = "deadletter"
	Learned      Topic = "learned"  // models that were fitted to events: part of the state's input as these are
	Settings     Topic = "settings" // what the shops have set, and the log's hash seed
)

// Topic returns the topic that events of kind k travel on.
func (k Kind) Topic() Topic {
	switch k {
	case Purchase, Refund, Cancel:
		return Transactions
	case Identify, Logout, Erasure:
		return Contacts
	case ProductUpsert, ProductRemove, ProductPrice, ProductStock, FeedTaken:
		return Catalogue
	case LearnedRecord:
		return Learned
	case SettingRecord:
		return Settings
	}
	return Pageviews
}
