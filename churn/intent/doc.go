// Package intent learns how likely a purchase is: within this session, within days, of this product, from whatever
// features the caller computes.
//
// Bayes is the learner behind what a shop sees: it learns from every outcome at once and knows how sure it is; Hazard turns
// it into one model for all horizons, and Platt keeps the probabilities honest. Record says how forecasts have done. Online
// (many sparse inputs) and Trees (boosted, in batch) are for tables of sessions: they say what is to be had from richer
// models, and the backtest compares with them.
//
// Not-a-number is a feature that is not known to Online and Trees. Costs: a forecast of Bayes some 1 us for 27 features, of
// Online 2 us for 17, of Trees 20 us.
package intent
