package models

// Stats is what the engine has taken, exactly.
type Stats struct {
	Events     map[string]uint64 // by event name
	Total      uint64
	Orders     uint64
	Refunds    uint64
	Cancels    uint64
	Buyers     uint64 // distinct persons with an order
	Repeats    uint64 // purchase events whose order was known already; they change nothing
	Visitors   uint64
	Contacts   uint64
	Leads      uint64 // contacts that only strangers have named, without a proof
	JoinsCut   uint64 // events that not all orders and views of their persons were joined with, since they have too many
	Sessions   uint64
	Bots       uint64
	Items      uint64            // distinct item ids seen
	Products   uint64            // of them listed in the catalogue
	Hidden     HiddenProducts    // of them
	Revenue    map[string]Money  // by currency: orders less refunds and cancelled orders
	Bytes      map[string]uint64 // memory held, by model
	StreamTime Time              // the newest event time
	Since      Time              // of a shop: what came before is not counted; 0 where all is
	Dropped    []Dropped         // what made room, or found none

	// Claims are the orders that pages have told of: how many wait for the shop to tell of them, and what became of others.
	Claims struct{ Open, Confirmed, Expired uint64 }

	MergedContacts uint64 // contacts that became one with another, since their ids have one form: mail addresses in lower case

	ForgottenReturned uint64 // visitors who were forgotten for having been away, and have come back: they are counted anew

	OverRefunds        uint64           // orders of which more was refunded than their value: they are worth 0
	OverRefunded       map[string]Money // that more, by currency; it counts in no revenue
	OrderConflicts     uint64           // orders under the id of another one, of another contact and with another value: both count
	OrderConflictValue map[string]Money // of the later ones, by currency
}

// HiddenProducts are products that frames leave out, by the reason.
type HiddenProducts struct {
	Unlisted uint64 `json:"unlisted"` // in no feed, of a shop whose full feed has been taken
	Removed  uint64 `json:"removed"`  // taken out of the catalogue
	SoldOut  uint64 `json:"sold_out"`
	Refused  uint64 `json:"refused"` // rows of the newest feed that are no products
}

// Dropped is how often something was left out because of a bound.
type Dropped struct {
	What string // a visitor, a product
	Why  string // ceiling: there are as many as there may be
	N    uint64
}

// ItemTouch is one item of a person's history.
type ItemTouch struct {
	ID       []byte
	At       Time
	Quantity int32
}

// OrderTouch is one order of a person's history.
type OrderTouch struct {
	Order     string
	At        Time
	Value     Money // less refunds
	Currency  string
	Cancelled bool
	Items     []LineTouch
	Coupon    string // several are separated by commas
	Discount  *Money // nil where the order does not say, as the following
	Shipping  *Money
	Tax       *Money
}

// LineTouch is a line of an order, as it was bought.
type LineTouch struct {
	ItemTouch
	Paid     *Money // for all pieces, nil where it was not said
	Discount *Money // that was taken off before, likewise
	Coupon   string
	Brand    string
	Category string
}

// Profile is all that is known of one person: a contact with the visitors that turned out to be the same person, or a
// visitor alone.
type Profile struct {
	Contact    string
	Attributes []byte // JSON object as last identified, nil where never
	Claimed    bool   // only strangers have named the contact, without a proof: it is a lead
	// ClaimedAttributes is what strangers have said of the contact, a JSON object, nil where nothing. It counts for nothing.
	ClaimedAttributes []byte
	Visitors          int // browsers linked to the contact
	FirstSeen         Time
	LastSeen          Time
	Sessions          uint64
	Events            uint64
	Viewed            []ItemTouch // newest first
	Cart              []ItemTouch // what lies in the cart now
	Orders            []OrderTouch
	OrderCount        uint64
	Spent             map[string]Money
	Bot               bool
	Customer          *Customer // nil for who has not bought
	Intent            *Intent   // nil while no session is running
	Outlook           *Outlook  // nil where nothing has been learned yet
	Mail              *MailHour // nil for a visitor who is nobody's
}

// ContactData is all that is known of a contact, for the person itself: the profile, and what that leaves out.
type ContactData struct {
	Shop    string
	Profile Profile
	Logins  []LoginTouch // on which browsers, which are known by hashes only
	Mails   []MailTouch  // that it was sent, the newest
	Claims  []ClaimTouch // orders that pages have told of, of the last days
}

// ClaimTouch is an order that a page has told of, with or on a browser of the contact.
type ClaimTouch struct {
	Order   uint64 // hash of the order's id
	Visitor uint64 // that of the browser
	At      Time
	Known   bool // the shop has confirmed it
}

// LoginTouch is a login on a browser.
type LoginTouch struct {
	Visitor uint64
	At      Time
}

// MailTouch is a mail that was sent.
type MailTouch struct {
	At       Time
	Answered bool
}
