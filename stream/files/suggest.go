package files

import "strings"

// guesses are the names that columns of order lines have, by the field that they fill.
var guesses = []struct {
	field string
	names []string
}{
	{"order", []string{"order", "order id", "order number", "order no", "Bestellnummer", "Bestellung", "Auftragsnummer", "Rechnungsnummer", "numer zamówienia", "zamówienie", "commande", "numéro de commande", "pedido", "numero ordine", "invoice", "invoice no", "transaction id"}},
	{"time", []string{"time", "date", "order date", "created at", "timestamp", "Datum", "Bestelldatum", "Rechnungsdatum", "data", "data zamówienia", "date de commande", "fecha", "data ordine", "invoice date"}},
	{"contact", []string{"email", "e-mail", "mail", "email address", "customer email", "E-Mail-Adresse", "adres e-mail", "customer", "customer id", "Kunde", "Kundennummer", "klient", "client", "cliente"}},
	{"item_id", []string{"item id", "sku", "product id", "product", "article id", "Artikelnummer", "Artikelnr", "Artikel", "symbol", "kod produktu", "référence", "referencia", "codice", "stock code"}},
	{"item_name", []string{"item name", "product name", "name", "title", "Bezeichnung", "Artikelbezeichnung", "Artikelname", "nazwa", "désignation", "nombre", "nome", "description"}},
	{"quantity", []string{"quantity", "qty", "pieces", "Menge", "Anzahl", "ilość", "quantité", "cantidad", "quantità"}},
	{"price", []string{"price", "unit price", "Preis", "Einzelpreis", "Stückpreis", "cena", "prix", "prix unitaire", "precio", "prezzo"}},
}

// suggest returns a map of order lines that the names of columns look like, with what could not be told left out.
func suggest(columns []string) string {
	var out []string
	for _, g := range guesses {
		if column := Named(columns, g.names...); column != "" {
			entry := "--map " + g.field + "=" + column
			if strings.ContainsAny(entry[6:], " '\"") {
				entry = "--map '" + strings.ReplaceAll(entry[6:], "'", `'\''`) + "'"
			}
			out = append(out, entry)
		}
	}
	if len(out) < 3 {
		return ""
	}
	return "--map event==purchase " + strings.Join(out, " ")
}

// unmapped says of a table that no map describes what columns it has, and which map they look like.
func (r *runner) unmapped(src *source, err error) error {
	t, open := openTable(&r.cfg, src)
	if open != nil || len(t.Columns) == 0 {
		return err
	}
	text := "its columns are " + strings.Join(t.Columns, ", ")
	if m := suggest(t.Columns); m != "" {
		text += "; as orders: " + m
	}
	return &hintError{err, text}
}

// hintError is an error with what to do.
type hintError struct {
	err  error
	hint string
}

func (e *hintError) Error() string { return e.err.Error() + ": " + e.hint }
func (e *hintError) Unwrap() error { return e.err }
