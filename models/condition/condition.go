// Package condition reads conditions on products, as merchandisers write them: brand == "Acme" && price < 50. They are compiled once, against
// a fixed list of attributes: one that there is not is an error then, not a condition that is never true. They know no clock and no chance,
// so that they may be evaluated when a product changes, and kept.
//
// An attribute that is not known of a product is null, and a comparison with it is false, != too. The language is that of
// github.com/expr-lang/expr, which nothing else imports, without its functions but those of Functions. What a condition may cost is bounded
// by its length and nodes: it has no loops.
package condition

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/vm"

	"orrery/models"
)

// Product is what a condition may say of a product. A text that is empty and a number whose Has field is false are null.
type Product struct {
	ID        string  `expr:"id"`
	Title     string  `expr:"title"`
	Brand     string  `expr:"brand"`
	Category  string  `expr:"category"` // path, "Home > Kitchen"
	Currency  string  `expr:"currency"`
	Price     float64 `expr:"price"`      // what is asked now, a sale included
	FullPrice float64 `expr:"full_price"` // before the sale
	Discount  float64 `expr:"discount"`   // fraction of the full price that a sale takes off, 0 without one
	OnSale    bool    `expr:"on_sale"`
	Stock     float64 `expr:"stock"` // pieces
	// Attributes is whatever else the feed says: attributes.color.
	Attributes map[string]string `expr:"attributes"`

	HasPrice bool `expr:"has_price"`
	HasStock bool `expr:"has_stock"`
}

// Attributes lists what a condition may ask of a product.
var Attributes = []string{"id", "title", "brand", "category", "currency", "price", "full_price", "discount", "on_sale", "stock", "attributes"}

// Functions lists what a condition may call.
var Functions = []string{"len", "lower", "upper", "trim", "float", "below"}

// Bounds of a condition.
const (
	MaxLength = 2000 // bytes
	maxNodes  = 400
)

// Condition is one that was compiled. It does not change, and any goroutine may ask it, with a Machine of its own.
type Condition struct {
	text    string
	program *vm.Program
}

// Machine is the scratch of evaluating conditions.
type Machine struct{ vm vm.VM }

// Compile reads a condition. An error says what is wrong in words for whoever wrote it.
func Compile(text string) (*Condition, error) {
	if len(text) > MaxLength {
		return nil, fmt.Errorf("the condition has %d bytes: %d are possible", len(text), MaxLength)
	}
	look := &looker{}
	options := []expr.Option{
		expr.Env(Product{}), expr.AsBool(), expr.MaxNodes(maxNodes), expr.DisableAllBuiltins(), expr.Optimize(true),
		expr.EnableBuiltin("len"), expr.EnableBuiltin("lower"), expr.EnableBuiltin("upper"), expr.EnableBuiltin("trim"), expr.EnableBuiltin("float"),
		expr.Function("below", func(params ...any) (any, error) { return Below(params[0].(string), params[1].(string)), nil }, Below),
		expr.Patch(look),
	}
	program, err := expr.Compile(text, options...)
	switch {
	case look.err != nil:
		return nil, look.err
	case err != nil:
		return nil, explain(err)
	}
	return &Condition{text: text, program: program}, nil
}

// Text returns the condition as it was written.
func (c *Condition) Text() string { return c.text }

// Holds tells whether a product meets the condition. What cannot be evaluated, like the number of a text that is none, is not met.
func (c *Condition) Holds(m *Machine, p *Product) bool {
	out, err := m.vm.Run(c.program, p)
	yes, ok := out.(bool)
	return err == nil && ok && yes
}

// Below tells whether a category path lies in another one: "Home > Kitchen" is below "Home" and itself, and not below "Home > Kit".
func Below(category, above string) bool {
	rest, ok := strings.CutPrefix(category, above)
	return ok && category != "" && above != "" && (rest == "" || strings.HasPrefix(rest, " > "))
}

// looker refuses what has no place in a condition, and has comparisons with null be false.
type looker struct{ err error }

var comparisons = []string{"==", "!=", "<", "<=", ">", ">=", "in", "contains", "startsWith", "endsWith", "matches"}

// Visit implements ast.Visitor. It comes to a node after those in it.
func (l *looker) Visit(node *ast.Node) {
	switch n := (*node).(type) {
	case *ast.BinaryNode:
		l.binary(node, n)
	case *ast.CallNode:
		if name, ok := n.Callee.(*ast.IdentifierNode); ok && name.Value == "below" {
			l.guard(node, n.Arguments...)
		}
	case *ast.PredicateNode, *ast.PointerNode, *ast.VariableDeclaratorNode, *ast.SequenceNode:
		l.refuse("loops and variables have no place in a condition")
	case *ast.IdentifierNode:
		if name := n.Value; slices.Contains(hidden, name) {
			l.refuse("there is no attribute " + strconv.Quote(name) + ": there are " + strings.Join(Attributes, ", "))
		}
	}
}

// hidden are the fields of Product that conditions do not see.
var hidden = []string{"has_price", "has_stock"}

func (l *looker) refuse(why string) {
	if l.err == nil {
		l.err = errors.New(why)
	}
}

func (l *looker) binary(node *ast.Node, n *ast.BinaryNode) {
	switch {
	case n.Operator == ".." || n.Operator == "**" || n.Operator == "^":
		l.refuse("the operator " + n.Operator + " has no place in a condition")
	case n.Operator == "matches":
		if _, constant := n.Right.(*ast.StringNode); !constant {
			l.refuse("matches needs a pattern in quotes")
		}
	}
	if slices.Contains(comparisons, n.Operator) {
		l.guard(node, n.Left, n.Right)
	}
}

// guard makes of a comparison one that is false where something in it is null.
func (l *looker) guard(node *ast.Node, operands ...ast.Node) {
	g := &guards{need: map[string]ast.Node{}}
	for _, o := range operands {
		ast.Walk(&o, g)
	}
	compared := *node
	for _, name := range slices.Sorted(maps.Keys(g.need)) {
		compared = &ast.BinaryNode{Operator: "&&", Left: g.need[name], Right: compared}
	}
	if compared != *node {
		ast.Patch(node, compared)
	}
}

// guards collects what of a product has to be known for an operand.
type guards struct{ need map[string]ast.Node }

// Visit implements ast.Visitor.
func (g *guards) Visit(node *ast.Node) {
	switch n := (*node).(type) {
	case *ast.IdentifierNode:
		switch n.Value {
		case "id", "title", "brand", "category", "currency":
			g.need[n.Value] = &ast.BinaryNode{Operator: "!=", Left: &ast.IdentifierNode{Value: n.Value}, Right: &ast.StringNode{}}
		case "price", "full_price", "discount":
			g.need["price"] = &ast.IdentifierNode{Value: "has_price"}
		case "stock":
			g.need["stock"] = &ast.IdentifierNode{Value: "has_stock"}
		}
	case *ast.MemberNode:
		if of, ok := n.Node.(*ast.IdentifierNode); ok && of.Value == "attributes" {
			if name, ok := n.Property.(*ast.StringNode); ok {
				g.need["attributes."+name.Value] = &ast.BinaryNode{Operator: "in", Left: &ast.StringNode{Value: name.Value}, Right: &ast.IdentifierNode{Value: "attributes"}}
			}
		}
	}
}

// explain says of an error what it is, where, and what was meant.
func explain(err error) error {
	var at *file.Error
	if !errors.As(err, &at) {
		return err
	}
	message := at.Message
	if name, ok := strings.CutPrefix(message, "unknown name "); ok {
		if near := models.Nearest(name, append(slices.Clone(Attributes), Functions...)); near != "" {
			return fmt.Errorf("there is no attribute %q: did you mean %s?", name, near)
		}
		return fmt.Errorf("there is no attribute %q: there are %s; what a feed says beside is in attributes, as attributes.color", name, strings.Join(Attributes, ", "))
	}
	return fmt.Errorf("%s, at character %d", message, at.Column+1)
}
