package files

import (
	"fmt"
	"time"

	"orrery/models"
)

// Statuses of orders that are none, or none any more, as WooCommerce and the export plug-ins write them.
const (
	wooUnpaid    = `(?i)^(wc-)?(pending( payment)?|checkout[- ]draft|auto-draft|draft)$`
	wooCancelled = `(?i)^(wc-)?(cancelled|canceled|failed|trash)$`
)

var woocommerce = preset{
	about: "orders, products and customers of WooCommerce: its REST interface's JSON, or an order export as CSV with a row for each product (Customer/Order/Coupon Export, Advanced Order Export): " +
		"unpaid orders are left out, cancelled ones cancel, what was paid back is a refund",
	config: Config{Group: []string{"order_id?", "Order ID?", "order_number?", "Order Number?"}},
	mapping: []string{
		"event==purchase", "where {status|order_status|Order Status} !~ " + wooUnpaid, "cancel where {status|order_status|Order Status} ~ " + wooCancelled,
		"time={date_paid_gmt|paid_date|order_date|date|Order Date}", "order={order_id|Order ID|order_number|Order Number}",
		"contact={billing_email|customer_email|Email (Billing)|Customer Email}", "visitor=order-{order_id|Order ID|order_number|Order Number}",
		"currency={order_currency?|currency|Currency|Order Currency}",
		"item_id={item_sku|SKU|line_item_sku|item_variation_id|item_product_id|Product Id|item_name|Item Name}", "item_name={item_name|Item Name|Product Name}",
		"quantity={item_quantity|Quantity|Quantity (- Refund)|qty}",
		"amount={item_total?|Order Line Total|Order Line (w/o tax)|line_total}", "price={item_price?|Item Cost|Item Price}",
		"props.order_status={status|order_status|Order Status}", "props.refunded={refunded_total?|order_refunded_total|Order Refund Amount}",
		"props.coupon={coupons?|coupon_items|Coupon Code}", "props.payment_method={payment_method?|Payment Method|Payment Method Title}",
	},
	shape: shapeOrder,
	after: afterRefunded,
}

var magento = preset{
	about: "orders of Magento (Adobe Commerce): its REST interface's JSON, or the order grid as CSV, which has no products: cancelled ones cancel, what was paid back is a refund",
	mapping: []string{
		"event==purchase", "where {Status|status} !~ (?i)^(pending[_ ]payment|payment[_ ]review|fraud)$", "cancel where {Status|status} ~ (?i)^(canceled|cancelled)$",
		"time={Purchase Date|created_at}", "order={ID|increment_id}", "contact={Customer Email|customer_email}", "visitor=order-{ID|increment_id}",
		"value={Subtotal|subtotal|Grand Total (Base)|base_grand_total}", "currency=order_currency_code?",
		"props.order_status={Status|status}", "props.refunded={Total Refunded?|total_refunded}", "props.payment_method={Payment Method?|payment_method}",
	},
	shape: shapeOrder,
	after: afterRefunded,
}

// shapeOrder leaves a customer one person. Who left no address is a visitor of one order.
func shapeOrder(e *models.Event) {
	shapeShopify(e)
	if e.Kind == models.Cancel {
		e.Value, e.HasValue, e.Items = 0, false, e.Items[:0]
	}
}

// afterRefunded makes the refund of an order that says what was paid back, which was with tax and shipping: no more than the order is
// worth. One that is called refunded was paid back whole.
func afterRefunded(b *builder, e *models.Event) (*models.Event, error) {
	if e.Kind != models.Purchase || e.Value <= 0 {
		return nil, nil
	}
	status, refunded := propOf(e, "order_status"), propOf(e, "refunded")
	value, ok, err := b.money("refunded", []byte(refunded), &facts{})
	if err != nil {
		return nil, err
	}
	value = min(max(value, -value), e.Value)
	switch status {
	case "refunded", "Refunded", "wc-refunded", "closed", "Closed":
		value = e.Value
	default:
		if !ok || value == 0 {
			return nil, nil
		}
	}
	return &models.Event{
		Kind: models.Refund, Name: []byte("refund"), ID: fmt.Appendf(nil, "%s-refund", e.ID), Time: e.Time, Visitor: e.Visitor, Contact: e.Contact,
		Order: e.Order, Shop: e.Shop, Currency: e.Currency, Value: value, HasValue: true,
	}, nil
}

// propOf returns the text of a property, empty where there is none.
func propOf(e *models.Event, name string) string {
	text, _, _ := models.Member(e.Props, name).Text(nil)
	return string(text)
}

var prestashop = preset{
	about:  "orders of PrestaShop as its web service has them (output_format=JSON, display=full), and what the module posts; times are of --time-zone",
	config: Config{Format: JSONL},
}

var idosell = preset{
	about:  "orders of IdoSell as its interface answers with them (orders/orders/get), and what the template posts",
	config: Config{Format: JSONL},
}

var retailRocket = preset{
	about:  "RetailRocket's events.csv: views, carts and transactions of visitors; no prices, so orders are worth 0",
	config: Config{Format: CSV, TimeLayout: "ms", Currency: "USD", Sort: true, Group: []string{"visitorid", "event", "transactionid", "timestamp"}, Hold: time.Minute},
	mapping: []string{
		"event=event", "event.view=view_item", "event.addtocart=add_to_cart", "event.transaction=purchase", "time=timestamp", "visitor=visitorid",
		"order=transactionid", "item_id=itemid",
	},
}

var olist = preset{
	about: "Olist's olist_orders_dataset.csv with the files beside it (order_items, customers, products, category names): a purchase a paid order, a cancel of what was cancelled; BRL, without freight",
	config: Config{
		Format: CSV, TimeLayout: "datetime", Currency: "BRL", Group: []string{"order_id"}, Together: true,
		Join: []string{"olist_order_items_dataset.csv:order_id", "olist_customers_dataset.csv?:customer_id", "olist_products_dataset.csv?:product_id",
			"product_category_name_translation.csv?:product_category_name"},
	},
	mapping: []string{
		"event==purchase", "cancel where order_status in canceled,unavailable",
		"time=order_purchase_timestamp", "order=order_id", "contact={customer_unique_id|customer_id}",
		"item_id=product_id?", "item_category={product_category_name_english|product_category_name}", "price=price?", "item.seller=seller_id?",
		"props.order_status=order_status", "props.city=customer_city?", "props.state=customer_state?",
	},
	shape: func(e *models.Event) {
		if e.Kind == models.Cancel {
			e.Value, e.HasValue, e.Items, e.Currency = 0, false, e.Items[:0], nil
		}
	},
}

var instacart = preset{
	about: "Instacart's order_products__prior.csv (or __train) with orders.csv and products.csv beside it: a purchase a basket; no prices, and dates only from one order to the next, so they begin in January 2016",
	config: Config{
		Format: CSV, Currency: "USD", Group: []string{"order_id"}, Together: true, TimeLayout: "rfc3339", Start: date(2016, 1, 2),
		Join: []string{"orders.csv:order_id", "products.csv?:product_id", "aisles.csv?:aisle_id", "departments.csv?:department_id"},
	},
	mapping: []string{
		"event==purchase", "time=orders.time", "order=order_id", "contact=user-{user_id}", "item_id=product_id", "item_name=product_name?",
		"item_category={department?} > {aisle?}", "props.order_number=order_number",
	},
}

var hmTransactions = preset{
	about: "H&M's transactions_train.csv, with articles.csv beside it where it is there: what a customer bought in a day through one channel is a purchase; prices are scaled as published",
	config: Config{
		Format: CSV, TimeLayout: "date", Currency: "EUR", Group: []string{"t_dat", "customer_id", "sales_channel_id"}, Together: true,
		Join: []string{"articles.csv?:article_id"},
	},
	mapping: []string{
		"event==purchase", "time=t_dat", "contact=customer_id", "order={t_dat}-{customer_id}-{sales_channel_id}", "item_id=article_id", "price=price",
		"item_name=prod_name?", "item_category={index_group_name?} > {product_group_name?}", "props.channel=sales_channel_id",
	},
}
