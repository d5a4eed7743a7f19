//! Iteration over lists with the blocking client.

use super::{Call, Items, Pages, Paginated, Result};
use crate::blocking::{BackgroundResult, Client};

impl<O: Paginated> Call<O, Client> {
    /// Returns the pages of the list. The request's fields and the call's options apply to every page.
    pub fn pages(self) -> Pages<O, Client> {
        Pages::new(self)
    }

    /// Returns the items of the list, from all pages. The request's fields and the call's options apply to every page.
    pub fn items(self) -> Items<O, Client> {
        Items::new(self)
    }
}

impl<O: Paginated> Iterator for Pages<O, Client> {
    type Item = Result<O::Response>;

    fn next(&mut self) -> Option<Self::Item> {
        if let Some(error) = self.take_stuck() {
            return Some(Err(error));
        }
        let call = self.upcoming()?;
        let result = self.in_background.take().map_or_else(|| call.send_with_response(), BackgroundResult::wait);
        let result = self.advance(result);
        if let (true, Some(call)) = (self.prefetch, self.upcoming()) {
            self.in_background = Some(call.start());
        }
        Some(result)
    }
}

impl<O: Paginated> Iterator for Items<O, Client> {
    type Item = Result<O::Item>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(item) = self.ready.pop_front() {
                return Some(Ok(item));
            }
            let page = self.pages.next();
            if let Err(error) = self.take(page)? {
                return Some(Err(error));
            }
        }
    }
}
