package files

// MapHelp says what the entries of a column map can be, one a line, with what each means.
const MapHelp = `item_id=StockCode: the column StockCode
event==view_item: the constant view_item
visitor=order-{InvoiceNo}: a text with columns in it; empty where one of them is empty
visitor={client_id|clientId}: the first of these columns that is not empty; a file need have but one of them
props.note=Note?: a column that a file need not have
item_id=page_url~/products/([^/?]+): what a pattern's first group finds in a column (patterns are those of Go's regexp)
order=event_data.transaction_id: a member of JSON, of JSON lines or within a cell
url=event_params.page_location: the value of a key in a list of keys and values
item_id=items[].id: an item for each element of an array; actions[].items[].sku leads into arrays within one, touches[0].name to one element
event.page_viewed=page_view: a value of a mapped field, and what it is read as; event.*=NAME reads all others as that
user_agent=browser: crawlers are told by it, and marked
where status != voided: rows for which it does not hold are left out, and counted
cancel where status in lost,false: the event of the rows for which it holds; of a refund, negative amounts are turned around
price=order_items.price: a column of the joined file order_items.csv, where its name alone could be another's
Conditions are COLUMN =, !=, <, <=, >, >= VALUE, ~ and !~ PATTERN, in and not in A,B, is empty, is not empty, with and between them`
