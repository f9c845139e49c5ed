package models

// Allowed returns why an event of a kind is not one for its sender to say, nil where it is. What strangers say is behaviour: what
// only the shop knows (money given back, mails sent, products) needs the shop's key or its proof.
func Allowed(k Kind, t Trust) *Invalid {
	if t == Public && !k.public() {
		return &Invalid{Field: "event", Code: NotAllowed, Reason: "event " + k.String() +
			" needs the secret key: what the public key says is behaviour, purchase and identify, since everybody can read it in the shop's pages"}
	}
	return nil
}

// public tells whether strangers may send events of kind k: in doubt (identify, purchase) what they say is kept apart.
func (k Kind) public() bool {
	switch k {
	case EmailSent, EmailOpen, EmailClick, Refund, Cancel, ProductUpsert, ProductRemove, ProductPrice, ProductStock, Erasure, FeedTaken:
		return false
	}
	return true
}

// ProvedWord is what stands in a record in place of "public" where the page has shown that its contact is who it says.
const ProvedWord = "proved"

// Confirmed tells whether the shop stands behind what the event says: orders of others are claims.
func (e *Event) Confirmed() bool { return e.Trust != Public }

// Vouched tells whether the contact that the event names is who it says: by the shop, or by a proof that the shop's server has
// put into the page. Of others it is a claim.
func (e *Event) Vouched() bool { return e.Trust != Public || e.Proved }

// WebAddress tells whether a link is one of the web: a product must not smuggle a script into pages and mails.
func WebAddress(url []byte) bool {
	return hasPrefixFold(url, "https://") || hasPrefixFold(url, "http://")
}

func hasPrefixFold(s []byte, prefix string) bool {
	if len(s) < len(prefix) {
		return false
	}
	for i := range prefix {
		b := s[i]
		if b >= 'A' && b <= 'Z' {
			b += 'a' - 'A'
		}
		if b != prefix[i] {
			return false
		}
	}
	return true
}

// AppendWithout appends a record, an object, without its members of a name: what a server must not keep.
func AppendWithout(dst, record []byte, name string) []byte {
	dst = append(dst, '{')
	start := len(dst)
	if i := space(record, 0); i < len(record) && record[i] == '{' {
		body := record[i+1 : len(record)-1] // up to its closing brace
		Members(body, func(n []byte, v Value) bool {
			if string(n) != name {
				dst = append(append(AppendString(dst, n), ':'), v...)
				dst = append(dst, ',')
			}
			return true
		})
	}
	if len(dst) > start {
		dst = dst[:len(dst)-1]
	}
	return append(dst, '}')
}
