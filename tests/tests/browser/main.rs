//! The dashboard in a real browser, over a whole system in each of the states that it is there to tell.
//!
//! The scripts of `tests/browser` look; here is made what they look at. `.ci/browser.sh` installs what they need.
//! With `SCREENSHOTS=folder` they leave pictures there; those of the documentation are made by `tests/browser/pictures.mjs`.

mod causes;
mod page;
mod views;
