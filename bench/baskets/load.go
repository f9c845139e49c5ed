package baskets

import (
	"bufio"
	"compress/gzip"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"orrery/stream/files"
)

// Basket is one order: distinct items, in the order of the file.
type Basket struct {
	Time  time.Time // zero where the file has none
	Items []uint32
}

// open returns the unpacked content of a file.
func open(path string) (io.ReadCloser, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("cannot open baskets: %w", err)
	}
	if !strings.HasSuffix(path, ".gz") {
		return f, nil
	}
	z, err := gzip.NewReader(f)
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("cannot unpack %q: %w", path, err)
	}
	return struct {
		io.Reader
		io.Closer
	}{z, f}, nil
}

// setName is the name of a file without its endings, or the folder's where that says more.
func setName(path string) string {
	name := filepath.Base(path)
	for _, end := range []string{".gz", ".csv", ".jsonl", ".txt"} {
		name = strings.TrimSuffix(name, end)
	}
	return name
}

// numbers gives names numbers from 1 on.
type numbers map[string]uint32

func (n numbers) of(name string) uint32 {
	v, ok := n[name]
	if !ok {
		v = uint32(len(n)) + 1
		n[name] = v
	}
	return v
}

// eachLine calls visit with every line of a file.
func eachLine(path string, visit func(line string) error) error {
	f, err := open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	lines.Buffer(make([]byte, 1<<16), 1<<24)
	for n := 1; lines.Scan(); n++ {
		if err := visit(lines.Text()); err != nil {
			return fmt.Errorf("cannot read %q, line %d: %w", path, n, err)
		}
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("cannot read %q: %w", path, err)
	}
	return nil
}

// loadLines reads a basket a line, labels separated by commas.
func loadLines(path string) ([]Basket, error) {
	items := numbers{}
	var all []Basket
	err := eachLine(path, func(line string) error {
		record, err := csv.NewReader(strings.NewReader(line)).Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		var b Basket
		for _, label := range record {
			if item := items.of(strings.TrimSpace(label)); !slices.Contains(b.Items, item) {
				b.Items = append(b.Items, item)
			}
		}
		all = append(all, b)
		return nil
	})
	return all, err
}

// Names that columns of order lines have.
var (
	orderNames    = []string{"InvoiceNo", "Invoice", "order", "order_id", "order number", "transaction", "transaction_id", "basket_id", "basket", "bill", "receipt"}
	itemNames     = []string{"StockCode", "item_id", "item", "product_id", "product", "sku", "article_id", "lineitem sku", "material"}
	quantityNames = []string{"Quantity", "qty", "pieces", "lineitem quantity"}
	timeNames     = []string{"InvoiceDate", "time", "date", "timestamp", "datetime", "order_date", "created_at", "transaction_timestamp", "date_time"}
)

// tableColumns are the columns that are taken of a table of order lines.
type tableColumns struct{ order, item, quantity, time string }

func (c *Config) columnsOf(names []string) tableColumns {
	pick := func(given string, names, usual []string) string {
		if given != "" {
			return given
		}
		return files.Named(names, usual...)
	}
	return tableColumns{pick(c.Order, names, orderNames), pick(c.Item, names, itemNames), pick(c.Quantity, names, quantityNames), pick(c.Time, names, timeNames)}
}

// String says what was taken from which column.
func (c tableColumns) String() string {
	text := "order is " + c.order + ", item is " + c.item
	for _, pair := range [][2]string{{"quantity", c.quantity}, {"time", c.time}} {
		if pair[1] == "" {
			text += ", no column is the " + pair[0]
		} else {
			text += ", " + pair[0] + " is " + pair[1]
		}
	}
	return text
}

// errTable says that a file is a table, and not of order lines.
var errTable = errors.New("it is a table without the columns of a basket file: name those of order and item (order, item)")

// isTable tells whether a file is a table of order lines. A table of something else is an error.
func isTable(c *Config) (yes bool, err error) {
	cfg := c.Dialect
	cfg.Files = []string{c.File}
	err = files.Tables(cfg, func(t *files.Table) error {
		names := t.Columns
		if t.JSON {
			yes = c.Order != "" && c.Item != ""
			return nil
		}
		cols := c.columnsOf(names)
		if yes = cols.order != "" && cols.item != "" && cols.order != cols.item; yes || len(names) < 2 {
			return nil
		}
		// Baskets have as many items as people bought, and what is in the first one is bought again: where all rows have as many columns, and
		// no cell is what the first row has, that is a header.
		if err := t.Bind(names, nil, nil); err != nil {
			return err
		}
		rows := 0
		for ; rows < 50; rows++ {
			row, err := t.Next()
			if err == io.EOF {
				break
			}
			if err != nil || slices.ContainsFunc(row.Cells, func(cell []byte) bool { return slices.Contains(names, string(cell)) }) {
				return nil
			}
		}
		if rows > 9 || rows > 1 && t.Separator != "," {
			return fmt.Errorf("cannot read baskets of %q: %w: there are %s", c.File, errTable, strings.Join(names, ", "))
		}
		return nil
	})
	return yes, err
}

// loadTable reads a table of order lines, in any dialect. Lines of no pieces or fewer are left out. In UCI's Online Retail so are codes that
// are no products (postage, fees). Orders are sorted by time, where there is one.
func loadTable(c *Config) (all []Basket, columns string, err error) {
	cfg := c.Dialect
	cfg.Files = []string{c.File}
	items, orders := numbers{}, map[string]int{}
	err = files.Tables(cfg, func(t *files.Table) error {
		cols := c.columnsOf(t.Columns)
		columns = cols.String()
		bound := []string{cols.order, cols.item}
		quantity, at := -1, -1
		if cols.quantity != "" {
			quantity, bound = len(bound), append(bound, cols.quantity)
		}
		if cols.time != "" {
			at, bound = len(bound), append(bound, cols.time)
		}
		var quantities, times []string
		if quantity > 0 {
			quantities = []string{cols.quantity}
		}
		if at > 0 {
			times = []string{cols.time}
		}
		if err := t.Bind(bound, quantities, times); err != nil {
			return err
		}
		invoices := cols.order == "InvoiceNo" && cols.item == "StockCode"
		for {
			row, err := t.Next()
			if err == io.EOF {
				return nil
			}
			if err != nil {
				return err
			}
			code := row.Cells[1]
			if len(code) == 0 || len(row.Cells[0]) == 0 || invoices && (code[0] < '0' || code[0] > '9') {
				continue
			}
			if quantity > 0 {
				if n, _, err := t.Amount(row.Cells[quantity]); err != nil || n <= 0 {
					continue
				}
			}
			order, known := orders[string(row.Cells[0])]
			if !known {
				var b Basket
				if at > 0 {
					moment, err := t.Time(row.Cells[at])
					if err != nil {
						return fmt.Errorf("line %d: %w", row.Line, err)
					}
					b.Time = moment.Std()
				}
				order = len(all)
				orders[string(row.Cells[0])] = order
				all = append(all, b)
			}
			item := items.of(string(code))
			if b := &all[order]; !slices.Contains(b.Items, item) {
				b.Items = append(b.Items, item)
			}
		}
	})
	if err != nil {
		return nil, columns, fmt.Errorf("cannot read %q: %w", c.File, err)
	}
	slices.SortStableFunc(all, func(a, b Basket) int { return a.Time.Compare(b.Time) })
	return all, columns, nil
}

// loadCustomers reads a customer a line: {"user":n,"baskets":[[item,...],...]}, oldest basket first. Item numbers grow
// by one, so that none is 0.
func loadCustomers(path string) ([][][]uint32, error) {
	var all [][][]uint32
	err := eachLine(path, func(line string) error {
		var c struct{ Baskets [][]uint32 }
		if err := json.Unmarshal([]byte(line), &c); err != nil {
			return err
		}
		for i, b := range c.Baskets {
			for k := range b {
				b[k]++
			}
			slices.Sort(b)
			c.Baskets[i] = slices.Compact(b)
		}
		all = append(all, c.Baskets)
		return nil
	})
	return all, err
}

// loadSequences reads a customer a line: a number, then items in order of time, separated by spaces.
func loadSequences(path string) ([][]uint32, error) {
	var all [][]uint32
	err := eachLine(path, func(line string) error {
		fields := strings.Fields(line)
		if len(fields) < 2 {
			return nil
		}
		items := make([]uint32, 0, len(fields)-1)
		for _, f := range fields[1:] {
			n, err := strconv.ParseUint(f, 10, 32)
			if err != nil {
				return err
			}
			items = append(items, uint32(n))
		}
		all = append(all, items)
		return nil
	})
	return all, err
}
