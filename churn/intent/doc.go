// Package intent learns how likely a purchase is: within this session, within days, of this product, from whatever
// features the caller computes.
//
// Two learners share the work. Online is a logistic regression that learns from every outcome at once; Trees are boosted
// in the background on the outcomes of the past (Memory) and know the interplay of features. Horizon turns either into one
// model for all horizons, in hazard form, and Pending holds features back until their outcome is known. Platt and Isotonic
// keep the probabilities honest.
//
// Not-a-number is a feature that is not known. Costs: a forecast of Online some 2 us for 17 features, of Trees 20 us.
package intent
