package contacts

import (
	"strings"

	"orrery/stream/source/foreign"
)

// Column is what a column was taken as.
type Column struct {
	Name string `json:"name"`
	As   string `json:"as"` // contact, time, tags, remove_tags, consent.CHANNEL, or the name of an attribute
}

// The roles of columns that are no attributes.
const (
	asContact = "contact"
	asTime    = "time"
	asTags    = "tags"
	asLess    = "remove_tags"
	asConsent = "consent." // and the channel
	asNothing = ""
)

// channels are what a consent may be for.
var channels = []string{"email", "sms", "push", "phone", "post", "whatsapp", "partner"}

// addresses are the names of columns with the mail address, most certain first, in snake case without accents.
var addresses = []string{
	"contact", "email", "e_mail", "mail", "email_address", "e_mail_address", "emailaddress", "mail_address", "contact_email", "customer_email", "user_email",
	"billing_email", "email_1_value", "e_mail_1_value", "adres_email", "adres_e_mail", "e_mail_adresse", "email_adresse", "mailadresse", "adresse_email", "adresse_e_mail",
	"courriel", "correo", "correo_electronico", "indirizzo_email", "emailadres", "e_mailadres", "emailova_adresa",
}

// tagged are the names of columns with tags.
var tagged = []string{"tags", "tag", "labels", "label", "schlagworte", "schlagwoerter", "etiquetas", "etiquettes", "tagi", "etykiety", "stitky"}

// agreed are the names of columns with a consent that do not name its channel first or last.
var agreed = map[string]string{
	"accepts_marketing": "email", "accepts_email_marketing": "email", "email_marketing_consent": "email", "email_marketing_status": "email", "buyer_accepts_marketing": "email", "email_marketing": "email",
	"newsletter": "email", "newsletter_consent": "email", "newsletter_subscribed": "email", "newsletter_opt_in": "email", "newsletter_status": "email", "zgoda_newsletter": "email", "newsletter_einwilligung": "email",
	"marketing_consent": "email", "marketing_opt_in": "email", "opt_in": "email", "optin": "email", "subscribed": "email", "subscription_status": "email",
	"accepts_sms_marketing": "sms", "sms_marketing_consent": "sms", "sms_marketing_status": "sms", "sms_marketing": "sms",
}

var accents = strings.NewReplacer("ä", "ae", "ö", "oe", "ü", "ue", "ß", "ss", "é", "e", "è", "e", "ê", "e", "á", "a", "à", "a", "í", "i", "ó", "o", "ñ", "n", "ł", "l", "ż", "z", "ź", "z", "ś", "s", "ć", "c", "ą", "a", "ę", "e", "ř", "r", "š", "s", "č", "c", "ž", "z", "ý", "y", "ú", "u", "ů", "u", "ě", "e")

// plain writes a column's name as the lists above do.
func plain(name string) string {
	name = accents.Replace(strings.ToLower(strings.TrimSpace(name)))
	name = foreign.Snake(strings.NewReplacer("?", "", ":", "", "(", " ", ")", " ", "*", "").Replace(name))
	return strings.Trim(name, "_")
}

// consentOf returns the channel of a column with a consent, empty where it is none.
func consentOf(name string) string {
	if channel, ok := agreed[name]; ok {
		return channel
	}
	name = strings.Replace(name, "e_mail", "email", 1)
	for _, word := range []string{"consent", "opt_in", "optin", "permission", "zgoda", "einwilligung", "consentement", "consentimiento"} {
		for _, channel := range channels {
			if name == channel+"_"+word || name == word+"_"+channel || name == word+"_for_"+channel {
				return channel
			}
		}
	}
	return ""
}

// roleOf tells what a column is by its name. An address is told by addressOf, since there may be several.
func roleOf(column string) string {
	name := plain(column)
	if name == "remove_tags" {
		return asLess
	}
	for _, t := range tagged {
		if name == t {
			return asTags
		}
	}
	if channel := consentOf(name); channel != "" {
		return asConsent + channel
	}
	return name
}

// addressOf returns the column that most certainly has the mail address, -1 where none has.
func addressOf(columns []string) int {
	best, at := len(addresses), -1
	for i, column := range columns {
		name := plain(column)
		for rank, address := range addresses[:best] {
			if name == address {
				best, at = rank, i
			}
		}
	}
	return at
}
