package models

// MailHour is the hour of the day, in UTC, at which a mail to a contact is most likely to bring a click, a visit or an order.
type MailHour struct {
	Gate     string // why no hour is named; empty where one is
	Hour     int
	Rate     float64 // probability of an answer to a mail at that hour
	Even     float64 // and at an hour drawn evenly
	Explored bool    // the hour of the next mail is drawn, to learn about it, as a small share of them is

	// Evidence. Old mails fade, with a half-life of 45 days.
	Sent                   uint64  // mails to the contact, ever
	Mails, Answers         float64 // of the newest 16 to the contact
	ShopMails, ShopAnswers float64
}
