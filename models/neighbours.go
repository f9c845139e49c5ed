package models

// Neighbours is what one relation says of a product's neighbours. Counts are of baskets (orders, sessions), and fade with time.
type Neighbours struct {
	Product  []byte
	Relation string  // a recipe
	Left     float32 // baskets that hold the product
	Total    float32 // all baskets
	List     []Neighbour
}

// Neighbour is a product that is in baskets with another one.
type Neighbour struct {
	Product []byte
	Count   float32 // baskets that hold both
	Right   float32 // baskets that hold this one
	Cosine  float32
	LLR     float32 // Dunning's log-likelihood ratio of the pair
}
