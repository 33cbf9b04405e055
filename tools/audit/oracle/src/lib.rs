//! Nothing here: the tests are all there is.
