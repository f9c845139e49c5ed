package files

import (
	"slices"
	"time"

	"orrery/models"
)

// preset is what is known of a data set: a configuration, a column map, and what neither can say.
type preset struct {
	about   string
	config  Config
	mapping []string
	shape   func(*models.Event)                                  // last touch on an event, whose bytes it may cut but not change
	after   func(*builder, *models.Event) (*models.Event, error) // the event that became of one, nil for none
}

// Presets returns the names of the presets in alphabetical order.
func Presets() []string {
	names := make([]string, 0, len(presets))
	for name := range presets {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// AboutPreset says in a line what a preset reads, empty for an unknown one.
func AboutPreset(name string) string { return presets[name].about }

// ga4BigQuery is the preset that stands in for ga4 where the files are JSON lines.
const ga4BigQuery = "ga4-bigquery"

var presets = map[string]preset{
	"jsonl": {
		about:  "Orrery's own events, one JSON object a line; ids, names and times as they are",
		config: Config{Format: JSONL},
	},
	"ga4": {
		about: "GA4 e-commerce export with a row per item: rows of one user, time and name are one event",
		config: Config{
			Format: CSV, TimeLayout: "rfc3339", Currency: "USD",
			Group: []string{"user_id", "event_timestamp", "event_name"}, Hold: time.Millisecond,
		},
		mapping: []string{
			"event=event_name", "time=event_timestamp", "visitor=user_id",
			"item_id=item_id", "item_name=item_name", "item_category=item_category", "price=price", "quantity=quantity",
		},
	},
	ga4BigQuery: {
		about: "GA4's BigQuery export as JSON lines, with its nested items and event_params (what --preset ga4 takes for .jsonl files)",
		config: Config{
			Format: JSONL, Currency: "USD", Group: []string{rowColumn}, Together: true,
		},
		mapping: []string{
			"event=event_name", "time=event_timestamp", "visitor=user_pseudo_id", "contact=user_id",
			"session={user_pseudo_id}-{event_params.ga_session_id}", "url=event_params.page_location", "title=event_params.page_title",
			"referrer=event_params.page_referrer", "query=event_params.search_term",
			"order={ecommerce.transaction_id|event_params.transaction_id}", "currency=event_params.currency",
			"value={ecommerce.purchase_revenue|ecommerce.refund_value|event_params.value}",
			"item_id={items[].item_id|item_id}", "item_name={items[].item_name|item_name}", "item_category={items[].item_category|item_category}",
			"item.brand={items[].item_brand}", "price={items[].price|price}", "quantity={items[].quantity|quantity}",
		},
	},
	"shopify":         shopify,
	"woocommerce":     woocommerce,
	"magento":         magento,
	"prestashop":      prestashop,
	"idosell":         idosell,
	"retailrocket":    retailRocket,
	"olist":           olist,
	"instacart":       instacart,
	"hm-transactions": hmTransactions,
	"segment":         segment,
	"jitsu":           jitsu,
	"matomo":          matomo,
	"snowplow":        snowplow,
	"online-retail": {
		about: "UCI Online Retail: an invoice is a purchase, a C-invoice a refund; local times taken as UTC, GBP",
		config: Config{
			// An invoice's rows carry up to two different minutes, and one invoice is interrupted by another.
			Format: CSV, TimeLayout: "datetime", Currency: "GBP",
			Group: []string{"InvoiceNo"}, Hold: 2 * time.Minute,
		},
		mapping: []string{
			"event==purchase", "time=InvoiceDate", "order=InvoiceNo",
			"contact=customer-{CustomerID}", "visitor=invoice-{InvoiceNo}",
			"item_id=StockCode", "item_name=Description", "price=UnitPrice", "quantity=Quantity", "props.country=Country",
		},
		shape: shapeInvoice,
	},
	"groceries": {
		about:  "arules Groceries: a basket a line; no customers, prices or times, so all of these are made up",
		config: Config{Format: Lines, ItemSeparator: ",", Currency: "EUR", Start: date(2020, 1, 1), Step: time.Minute},
		mapping: []string{
			"event==purchase", "visitor=basket-{#}", "order=basket-{#}", "item_id=line",
		},
	},
	"fimi": {
		about:  "FIMI basket lists (retail.dat): a basket of item numbers a line; persons and times are made up",
		config: Config{Format: Lines, ItemSeparator: " ", Currency: "EUR", Start: date(2020, 1, 1), Step: time.Minute},
		mapping: []string{
			"event==purchase", "visitor=basket-{#}", "order=basket-{#}", "item_id=line",
		},
	},
	"rsc15": {
		about:   "RecSys Challenge 2015 clicks as session-rec prepares them, put in the order of time",
		config:  Config{Format: TSV, TimeLayout: "s", Sort: true},
		mapping: []string{"event==view_item", "time=Time", "visitor=session-{SessionId}", "session=SessionId", "item_id=ItemId"},
	},
	"google": {
		about:  "a Google Merchant feed, RSS or Atom: each item is put into the catalogue; ids that are there twice are reported",
		config: Config{Format: Feed},
		mapping: []string{
			"event==product_upsert", "item_id=id", "item_name=title", "item_category=category", "price=price", "currency=currency",
			"item.link=link", "item.image_link=image_link", "item.brand=brand", "item.availability=availability", "item.sale_price=sale_price",
			"item.item_group_id=item_group_id", "item.color=color", "item.size=size",
		},
	},
	"hm": {
		about:  "H&M articles as on Kaggle, with image_url: each article is put into the catalogue; no prices",
		config: Config{Format: CSV},
		mapping: []string{
			"event==product_upsert", "item_id=article_id",
			"item_name={prod_name}, {product_type_name}, {colour_group_name} {graphical_appearance_name}",
			"item_category={index_group_name} > {product_group_name} > {garment_group_name} > {product_type_name}",
			"item.image_link=image_url", "item.department=department_name",
		},
	},
	"eshop-clothing": {
		about:  "UCI e-shop clothing 2008: clicks with category, colour and price; a click's time is its day",
		config: Config{Format: CSV, TimeLayout: "2006-1-2", Currency: "USD"},
		mapping: []string{
			"event==view_item", "time={year}-{month}-{day}", "visitor=session-{session_id}", "session=session_id",
			"item_id=page2_clothing_model", "item_category=page1_main_category", "price=price",
			"props.colour=colour", "props.country=country",
		},
	},
	"dunnhumby": {
		about:  "dunnhumby, The Complete Journey: rows in random order, put in the order of time and into baskets; USD",
		config: Config{Format: CSV, TimeLayout: "datetime", Currency: "USD", Sort: true, Group: []string{"basket_id"}, Hold: time.Millisecond},
		mapping: []string{
			"event==purchase", "time=transaction_timestamp", "order=basket_id", "contact=household-{household_id}",
			"item_id=product_id", "quantity=quantity", "amount=sales_value", "props.store=store_id",
		},
	},
	"bread-basket": {
		about:   "a bakery's transactions: no customers and no prices; rows NONE are kept as an item of that name",
		config:  Config{Format: CSV, TimeLayout: "datetime", Currency: "GBP", Group: []string{"Transaction"}, Together: true},
		mapping: []string{"event==purchase", "time={Date} {Time}", "visitor=basket-{Transaction}", "order=Transaction", "item_id=Item"},
	},
	"coop100": {
		about:  "seven years of 100 Coop customers: baskets without amounts, put in the order of time; a basket's time is its day",
		config: Config{Format: CSV, TimeLayout: "date", Currency: "EUR", ItemSeparator: " ", Sort: true},
		mapping: []string{
			"event==purchase", "time=date", "contact=customer-{customer}", "order={customer}-{basket_seq}", "item_id=items",
		},
	},
	"tafeng": {
		about:  "Ta-Feng next-basket histories: no dates, so each user's n-th basket is put on the n-th day",
		config: Config{Format: Histories, TimeLayout: "ms", Currency: "TWD", ItemSeparator: " ", Sort: true, Start: date(2000, 11, 1)},
		mapping: []string{
			"event==purchase", "time=time", "contact=user-{user}", "order={user}-{basket}", "item_id=items",
		},
	},
}

func date(y int, m time.Month, d int) time.Time { return time.Date(y, m, d, 0, 0, 0, 0, time.UTC) }

// fill gives a configuration the preset's values where it has none.
func (p *preset) fill(c *Config) {
	d := &p.config
	def(&c.Format, d.Format)
	def(&c.TimeLayout, d.TimeLayout)
	def(&c.Currency, d.Currency)
	def(&c.ItemSeparator, d.ItemSeparator)
	def(&c.Hold, d.Hold)
	def(&c.Start, d.Start)
	def(&c.Step, d.Step)
	c.Sort = c.Sort || d.Sort
	if c.Group == nil {
		c.Group = d.Group
		c.Together = c.Together || d.Together
	}
	if c.Join == nil {
		c.Join = d.Join
	}
	c.Map = merge(p.mapping, c.Map)
}

func def[T comparable](to *T, value T) {
	var zero T
	if *to == zero {
		*to = value
	}
}

// shapeInvoice finishes an Online Retail invoice.
//
//   - A customer is one person: the contact alone, without a visitor beside it. Rows without a customer are one visitor
//     an invoice.
//   - C-invoices are refunds, with the signs of a refund's quantities and value turned around.
//   - A-invoices adjust bad debt. Nobody bought anything, so they name neither visitor nor contact, and the engine
//     refuses them for that. So it does with the rows that write off stock, by their negative quantities.
func shapeInvoice(e *models.Event) {
	if len(e.Contact) > 0 {
		e.Visitor = nil
	}
	if len(e.Order) == 0 {
		return
	}
	switch e.Order[0] {
	case 'A':
		e.Visitor, e.Contact = nil, nil
	case 'C':
		e.Kind, e.Name = models.Refund, []byte("refund")
		e.Value = -e.Value
		for i := range e.Items {
			e.Items[i].Quantity = -e.Items[i].Quantity
		}
	}
}
