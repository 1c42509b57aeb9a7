//! The page and what belongs to it, in the binary: it works where there is no other network.

use poem::{
    Response,
    http::{HeaderName, HeaderValue, header},
};

/// Nothing from elsewhere, nothing inline: what an order carries can never become a script.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
const HEADERS: [(HeaderName, &str); 4] = [
    (header::CONTENT_SECURITY_POLICY, POLICY),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::X_FRAME_OPTIONS, "DENY"),
    // A new version of the service has a new page: ask each time.
    (header::CACHE_CONTROL, "no-cache"),
];

const CSS: &str = "text/css; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";

macro_rules! file {
    ($name:literal) => {
        include_str!(concat!("../../dashboard/", $name))
    };
}

/// Name, type, content.
const FILES: &[(&str, &str, &str)] = &[
    ("dashboard.css", CSS, file!("dashboard.css")),
    ("icon.svg", "image/svg+xml", file!("icon.svg")),
    ("main.js", SCRIPT, file!("main.js")),
    ("admin.js", SCRIPT, file!("admin.js")),
    ("api.js", SCRIPT, file!("api.js")),
    ("charts.js", SCRIPT, file!("charts.js")),
    ("dead.js", SCRIPT, file!("dead.js")),
    ("dom.js", SCRIPT, file!("dom.js")),
    ("format.js", SCRIPT, file!("format.js")),
    ("live.js", SCRIPT, file!("live.js")),
    ("lookup.js", SCRIPT, file!("lookup.js")),
    ("now.js", SCRIPT, file!("now.js")),
    ("theme.js", SCRIPT, file!("theme.js")),
    ("waterfall.js", SCRIPT, file!("waterfall.js")),
    // https://github.com/leeoniya/uPlot, as the npm package has them (dashboard/vendor/README.md).
    ("uPlot.iife.min.js", SCRIPT, file!("vendor/uPlot.iife.min.js")),
    ("uPlot.min.css", CSS, file!("vendor/uPlot.min.css")),
    ("uPlot.LICENSE.txt", "text/plain; charset=utf-8", file!("vendor/LICENSE")),
];

pub(super) fn page() -> Response {
    answer("text/html; charset=utf-8", file!("index.html"))
}

pub(super) fn asset(name: &str) -> Option<Response> {
    let (_, content_type, content) = FILES.iter().find(|(its, ..)| *its == name)?;
    Some(answer(content_type, content))
}

fn answer(content_type: &str, content: &'static str) -> Response {
    let mut response = Response::builder().content_type(content_type).body(content);
    for (name, value) in HEADERS {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_names_only_what_is_there_and_nothing_of_elsewhere() {
        let page = file!("index.html");
        let mut names = page.split("dashboard/assets/").skip(1).map(|rest| rest.split('"').next().unwrap());
        assert!(names.clone().count() >= 4);
        assert!(names.all(|name| asset(name).is_some()), "{page}");
        for inline in ["<style", " style=", "<script>", "onclick", "src=\"http", "href=\"http"] {
            assert!(!page.contains(inline), "{inline}");
        }
    }

    #[test]
    fn every_import_of_a_script_is_there() {
        for (name, _, content) in FILES.iter().filter(|(name, ..)| !name.starts_with("uPlot")) {
            for import in content.split("from \"./").skip(1).map(|rest| rest.split('"').next().unwrap()) {
                assert!(asset(import).is_some(), "{name} imports {import}");
            }
            assert!(!content.contains("innerHTML"), "{name}: texts are set with textContent");
        }
    }
}
