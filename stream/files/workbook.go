package files

import (
	"archive/zip"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"math"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"
)

const workbookFile = "xl/workbook.xml"

// Bounds of a workbook. Its strings are held in memory, its rows are not.
const (
	maxStrings  = 256 << 20 // bytes, and 16 of them for each string
	maxColumns  = 16_384    // as many as a spreadsheet has
	maxSheetRow = 1 << 20
)

// workbook gives a sheet of an xlsx file as comma-separated text: each cell in quotes, dates as 2006-01-02T15:04:05, numbers with a
// point. A row stands in the line of its number.
type workbook struct {
	xml     *xml.Decoder
	close   func() error
	strings []string
	dates   []bool // by style
	epoch   time.Time

	out   []byte // text that was not yet read
	line  int
	width int // of the first row that is not empty: the header's
	err   error
}

func openWorkbook(z *zip.Reader, sheet string) (*workbook, error) {
	w := &workbook{epoch: time.Date(1899, 12, 30, 0, 0, 0, 0, time.UTC)}
	var book struct {
		Properties struct {
			Date1904 string `xml:"date1904,attr"`
		} `xml:"workbookPr"`
		Sheets []struct {
			Name  string `xml:"name,attr"`
			State string `xml:"state,attr"`
			ID    string `xml:"http://schemas.openxmlformats.org/officeDocument/2006/relationships id,attr"`
		} `xml:"sheets>sheet"`
	}
	if err := readPart(z, workbookFile, &book); err != nil {
		return nil, err
	}
	if book.Properties.Date1904 == "1" || book.Properties.Date1904 == "true" {
		w.epoch = time.Date(1904, 1, 1, 0, 0, 0, 0, time.UTC)
	}
	var id string
	var names []string
	for _, s := range book.Sheets {
		names = append(names, s.Name)
		if id == "" && (sheet == "" && !strings.Contains(s.State, "idden") || s.Name == sheet) {
			id = s.ID
		}
	}
	if id == "" {
		return nil, fmt.Errorf("it has no sheet %q: there are %s (sheet)", sheet, strings.Join(names, ", "))
	}
	var rels struct {
		List []struct {
			ID     string `xml:"Id,attr"`
			Target string `xml:"Target,attr"`
		} `xml:"Relationship"`
	}
	if err := readPart(z, "xl/_rels/workbook.xml.rels", &rels); err != nil {
		return nil, err
	}
	var target string
	for _, r := range rels.List {
		if r.ID == id {
			target = r.Target
		}
	}
	if !strings.HasPrefix(target, "/") {
		target = "xl/" + target
	}
	if err := errors.Join(w.styles(z), w.shared(z)); err != nil {
		return nil, err
	}
	in, err := openPart(z, path.Clean(strings.TrimPrefix(target, "/")))
	if err != nil {
		return nil, err
	}
	w.xml, w.close = xml.NewDecoder(in), in.Close
	return w, nil
}

func openPart(z *zip.Reader, name string) (io.ReadCloser, error) {
	i := slices.IndexFunc(z.File, func(f *zip.File) bool { return f.Name == name })
	if i < 0 {
		return nil, fmt.Errorf("it has no %s", name)
	}
	return z.File[i].Open()
}

// maxPart bounds what is read of a workbook as a whole.
const maxPart = 16 << 20

func readPart(z *zip.Reader, name string, into any) error {
	in, err := openPart(z, name)
	if err != nil {
		return err
	}
	defer in.Close()
	if err := xml.NewDecoder(io.LimitReader(in, maxPart)).Decode(into); err != nil {
		return fmt.Errorf("its %s cannot be read: %w", name, err)
	}
	return nil
}

// styles notes which styles show a number as a date.
func (w *workbook) styles(z *zip.Reader) error {
	const name = "xl/styles.xml"
	if !slices.ContainsFunc(z.File, func(f *zip.File) bool { return f.Name == name }) {
		return nil
	}
	var sheet struct {
		Formats []struct {
			ID   int    `xml:"numFmtId,attr"`
			Code string `xml:"formatCode,attr"`
		} `xml:"numFmts>numFmt"`
		Cells []struct {
			Format int `xml:"numFmtId,attr"`
		} `xml:"cellXfs>xf"`
	}
	if err := readPart(z, name, &sheet); err != nil {
		return err
	}
	own := map[int]bool{}
	for _, f := range sheet.Formats {
		own[f.ID] = showsDate(f.Code)
	}
	for _, c := range sheet.Cells {
		date, is := own[c.Format]
		if !is {
			date = c.Format >= 14 && c.Format <= 22 || c.Format >= 27 && c.Format <= 36 || c.Format >= 45 && c.Format <= 47 || c.Format >= 50 && c.Format <= 58
		}
		w.dates = append(w.dates, date)
	}
	return nil
}

// showsDate tells a format of dates by its letters, those in quotes and brackets and behind a backslash left out.
func showsDate(code string) bool {
	quoted, bracket := false, false
	for i := 0; i < len(code); i++ {
		switch c := code[i]; {
		case c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '[':
			bracket = true
		case c == ']':
			bracket = false
		case !bracket && strings.IndexByte("yYdDhHsSmM", c) >= 0:
			return true
		}
	}
	return false
}

// shared reads the texts that cells name by number.
func (w *workbook) shared(z *zip.Reader) error {
	const name = "xl/sharedStrings.xml"
	if !slices.ContainsFunc(z.File, func(f *zip.File) bool { return f.Name == name }) {
		return nil
	}
	in, err := openPart(z, name)
	if err != nil {
		return err
	}
	defer in.Close()
	decoder := xml.NewDecoder(in)
	size := 0
	for {
		token, err := decoder.Token()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return fmt.Errorf("its %s cannot be read: %w", name, err)
		}
		if start, ok := token.(xml.StartElement); ok && start.Name.Local == "si" {
			s, err := textWithin(decoder, maxStrings-size)
			if err != nil {
				return fmt.Errorf("its %s cannot be read: %w", name, err)
			}
			size += len(s) + 16
			w.strings = append(w.strings, s)
		}
	}
}

var errTexts = errors.New("it holds more text than fits: write the sheet as CSV")

// textWithin returns the text of an element's t elements, up to its end; what is spoken (rPh) is left out.
func textWithin(d *xml.Decoder, most int) (string, error) {
	var out []byte
	var path []string
	for {
		token, err := d.Token()
		if err != nil {
			return "", unexpected(err)
		}
		switch t := token.(type) {
		case xml.StartElement:
			path = append(path, t.Name.Local)
		case xml.EndElement:
			if len(path) == 0 {
				return string(out), nil
			}
			path = path[:len(path)-1]
		case xml.CharData:
			if n := len(path); n > 0 && (path[n-1] == "t" || path[n-1] == "v") && path[0] != "rPh" {
				if out = append(out, t...); len(out) > most {
					return "", errTexts
				}
			}
		}
		if len(path) > 100 {
			return "", errors.New("elements stand too deep in each other")
		}
	}
}

func unexpected(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

// Read gives the text of the sheet.
func (w *workbook) Read(p []byte) (int, error) {
	for len(w.out) == 0 && w.err == nil {
		w.err = w.row()
	}
	if len(w.out) == 0 {
		return 0, w.err
	}
	n := copy(p, w.out)
	if w.out = w.out[n:]; len(w.out) == 0 {
		w.out = w.out[:0:0]
	}
	return n, nil
}

// row writes the next row.
func (w *workbook) row() error {
	for {
		token, err := w.xml.Token()
		if err == io.EOF {
			return io.EOF
		}
		if err != nil {
			return fmt.Errorf("the sheet cannot be read behind row %d: %w", w.line, err)
		}
		start, ok := token.(xml.StartElement)
		if !ok || start.Name.Local != "row" {
			continue
		}
		number := w.line + 1
		if n, err := strconv.Atoi(attribute(start, "r")); err == nil && n > w.line && n <= maxSheetRow {
			number = n
		}
		cells, err := w.cells()
		if err != nil {
			return fmt.Errorf("row %d of the sheet cannot be read: %w", number, err)
		}
		w.write(cells, number)
		return nil
	}
}

func (w *workbook) write(cells []string, number int) {
	for ; w.line < number-1; w.line++ {
		w.out = append(w.out, '\n')
	}
	w.line = number
	for len(cells) > 0 && cells[len(cells)-1] == "" {
		cells = cells[:len(cells)-1]
	}
	if w.width == 0 {
		w.width = len(cells)
	}
	for i := 0; len(cells) > 0 && i < max(len(cells), w.width); i++ {
		if i > 0 {
			w.out = append(w.out, ',')
		}
		w.out = append(w.out, '"')
		if i < len(cells) {
			w.out = append(w.out, cellText.Replace(cells[i])...)
		}
		w.out = append(w.out, '"')
	}
	w.out = append(w.out, '\n')
}

var cellText = strings.NewReplacer(`"`, `""`, "\r\n", " ", "\n", " ", "\r", " ")

// cells reads a row up to its end.
func (w *workbook) cells() (cells []string, err error) {
	for {
		token, err := w.xml.Token()
		if err != nil {
			return nil, unexpected(err)
		}
		switch t := token.(type) {
		case xml.EndElement:
			return cells, nil
		case xml.StartElement:
			if t.Name.Local != "c" {
				if err := w.xml.Skip(); err != nil {
					return nil, unexpected(err)
				}
				continue
			}
			at := len(cells)
			if ref := attribute(t, "r"); ref != "" {
				at = columnOf(ref)
			}
			if at < 0 || at >= maxColumns {
				return nil, fmt.Errorf("there is no column of a cell %q", attribute(t, "r"))
			}
			text, err := w.cell(t)
			if err != nil {
				return nil, err
			}
			for len(cells) <= at {
				cells = append(cells, "")
			}
			cells[at] = text
		}
	}
}

// columnOf returns the index of the column that a reference like AB12 names, -1 where it is none.
func columnOf(ref string) int {
	n := 0
	for i := 0; i < len(ref) && ref[i] >= 'A' && ref[i] <= 'Z' && n < maxColumns; i++ {
		n = 26*n + int(ref[i]-'A') + 1
	}
	return n - 1
}

// cell reads a cell up to its end.
func (w *workbook) cell(start xml.StartElement) (string, error) {
	text, err := textWithin(w.xml, maxRecord)
	if err != nil || text == "" {
		return "", err
	}
	switch kind := attribute(start, "t"); kind {
	case "s":
		i, err := strconv.Atoi(strings.TrimSpace(text))
		if err != nil || i < 0 || i >= len(w.strings) {
			return "", fmt.Errorf("there is no text of the number %s", text)
		}
		return w.strings[i], nil
	case "inlineStr", "str", "d":
		return text, nil
	case "b":
		return map[string]string{"1": "true", "0": "false"}[text], nil
	case "e":
		return "", nil
	}
	f, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
	if err != nil || math.IsInf(f, 0) {
		return text, nil
	}
	if style, err := strconv.Atoi(attribute(start, "s")); err == nil && style >= 0 && style < len(w.dates) && w.dates[style] && f >= 1 && f < 1e6 {
		ms := math.Round((f - math.Floor(f)) * 86_400_000)
		at := w.epoch.AddDate(0, 0, int(f)).Add(time.Duration(ms) * time.Millisecond)
		return at.Format("2006-01-02T15:04:05.999"), nil
	}
	short, _ := strconv.ParseFloat(strconv.FormatFloat(f, 'g', 15, 64), 64) // as many digits as spreadsheets show
	return strconv.FormatFloat(short, 'f', -1, 64), nil
}

func attribute(e xml.StartElement, name string) string {
	for _, a := range e.Attr {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}
