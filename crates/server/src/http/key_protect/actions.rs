//! What is done with a root key (Key Protect API: "Key Actions").

mod cipher;
mod life;
mod older;

use super::Routes;
#[cfg(test)]
pub(in crate::http) use older::PLACES;
pub(in crate::http) use older::in_todays_form;

pub(super) fn add_to(routes: Routes) -> Routes {
    let routes = cipher::add_to(routes);
    let routes = life::add_to(routes);
    older::add_to(routes)
}
