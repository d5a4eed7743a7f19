//! Routes of the operations: the patterns of their paths, and the parameters in a path.

use super::{Contract, Operation};
use std::collections::{BTreeMap, BTreeSet};

impl Contract {
    /// Returns the paths of the contract as patterns of a router, each with the operations that a request for it may
    /// mean, the most specific one first.
    ///
    /// A pattern without parameters hides those with parameters. So `/templates/preview`, which only has a `POST`, also
    /// gets the `GET` of `/templates/{uid}`.
    pub(crate) fn routes(&self) -> impl Iterator<Item = (String, Vec<&Operation>)> {
        let patterns: BTreeSet<Vec<String>> = self.operations.iter().map(Operation::pattern).collect();
        patterns.into_iter().map(|pattern| {
            let operations = self.operations.iter().filter(|operation| operation.covers(&pattern)).collect();
            (format!("/{}", pattern.join("/")), operations)
        })
    }

    /// Returns the operation for a request and its decoded path parameters.
    pub(crate) fn find(&self, method: &str, path: &str) -> Option<(&Operation, BTreeMap<String, String>)> {
        self.operations.iter().find_map(|operation| Some((operation, operation.parameters(method, path)?)))
    }
}

impl Operation {
    /// Returns the decoded path parameters if the request is for this operation.
    pub(crate) fn parameters(&self, method: &str, path: &str) -> Option<BTreeMap<String, String>> {
        let parts: Vec<_> = path.trim_matches('/').split('/').collect();
        if parts.len() != self.path.len() || !self.method.eq_ignore_ascii_case(method) {
            return None;
        }
        let mut parameters = BTreeMap::new();
        for (segment, part) in self.path.iter().zip(parts) {
            segment.matches(part, &mut parameters)?;
        }
        Some(parameters)
    }

    /// Returns true for an image, a pixel or a redirect: a URL that other sites include in their pages.
    pub(crate) fn is_link(&self) -> bool {
        let is_success = |status: &str| status.starts_with(['2', '3']);
        let mut successes = self.responses.iter().filter(|(status, _)| is_success(status));
        self.method.eq_ignore_ascii_case("get") && successes.all(|(_, schema)| schema.is_none())
    }

    /// Returns the segments of the path. The names of parameters are replaced by their positions, because the
    /// operations of one path may name them differently.
    fn pattern(&self) -> Vec<String> {
        let segments = self.path.iter().enumerate();
        let text = |(index, segment): (usize, &super::Segment)| {
            segment.text().map_or_else(|| format!("{{p{index}}}"), str::to_owned)
        };
        segments.map(text).collect()
    }

    /// Returns true if requests for the pattern may be for this operation.
    fn covers(&self, pattern: &[String]) -> bool {
        let covers = |(segment, part): (&super::Segment, &String)| {
            if part.starts_with('{') {
                segment.has_parameter()
            } else {
                segment.matches(part, &mut BTreeMap::new()).is_some()
            }
        };
        self.path.len() == pattern.len() && self.path.iter().zip(pattern).all(covers)
    }
}

#[cfg(test)]
mod tests {
    use super::super::CONTRACT;

    #[test]
    fn a_request_finds_its_operation_and_parameters() {
        for (method, path, id, parameters) in [
            ("POST", "/image", "createImage", &[][..]),
            ("GET", "/image/A%20B", "getImage", &[("uid", "A B")]),
            ("GET", "/healthcheck/", "healthCheck", &[]),
            ("GET", "/templates/search", "searchTemplates", &[]),
            ("POST", "/templates/preview", "previewTemplate", &[]),
            ("GET", "/templates/preview", "getTemplate", &[("uid", "preview")]),
            ("GET", "/s/v1.2.png", "renderExperimentUrl", &[("slug", "v1.2"), ("format", "png")]),
        ] {
            let Some((operation, found)) = CONTRACT.find(method, path) else { panic!("{method} {path}") };
            assert_eq!(operation.id, id);
            let expected = parameters.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
            assert_eq!(found, expected);
        }
        assert!(CONTRACT.find("PATCH", "/image").is_none());
        assert!(CONTRACT.find("GET", "/nothing/here/at/all").is_none());
    }

    #[test]
    fn every_operation_is_on_a_route() {
        let mut ids: Vec<_> =
            CONTRACT.routes().flat_map(|(_, operations)| operations).map(|operation| operation.id.as_str()).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), CONTRACT.operation_ids().count());
    }

    #[test]
    fn links_are_images_pixels_and_redirects() {
        let mut links: Vec<_> = CONTRACT.operations.iter().filter(|operation| operation.is_link()).collect();
        links.sort_by_key(|operation| &operation.id);
        let ids: Vec<_> = links.into_iter().map(|operation| operation.id.as_str()).collect();
        let expected = [
            "renderBindingUrl",
            "renderExperimentUrl",
            "renderTemplateUrl",
            "trackExperimentClick",
            "trackExperimentPixel",
        ];
        assert_eq!(ids, expected);
    }
}
