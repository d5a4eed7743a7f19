//! Replaces the name of an operation by its constant: hooks and transport get its whole `OperationInfo`.

use super::{Context, note};
use crate::{operation_table::const_name, preprocess::Note};
use anyhow::Result;
use quote::format_ident;
use syn::{
    Expr, File, Member, parse_quote,
    visit_mut::{VisitMut, visit_expr_mut},
};

/// Replaces progenitor's `OperationInfo { operation_id: ".." }` by the constant in `crate::operations`.
pub fn run(file: &mut File, _: &Context<'_>) -> Result<Vec<Note>> {
    let mut constants = OperationConstants { found: 0 };
    constants.visit_file_mut(file);
    Ok(vec![note("Client", format!("{} operation constants", constants.found))])
}

struct OperationConstants {
    found: usize,
}

impl VisitMut for OperationConstants {
    fn visit_expr_mut(&mut self, expression: &mut Expr) {
        visit_expr_mut(self, expression);
        match expression {
            Expr::Struct(literal) if literal.path.is_ident("OperationInfo") => {
                let id = literal.fields.iter().find_map(|field| match &field.member {
                    Member::Named(name) if name == "operation_id" => super::text(&field.expr),
                    _ => None,
                });
                if let Some(id) = id {
                    let constant = format_ident!("{}", const_name(&id));
                    *expression = parse_quote!(&crate::operations::#constant);
                    self.found += 1;
                }
            }
            Expr::Reference(reference) if matches!(&*reference.expr, Expr::Path(path) if path.path.is_ident("info")) => {
                let info = (*reference.expr).clone();
                *expression = info;
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::postprocess::{apply_pass, formatted};
    use serde_json::json;

    #[test]
    fn hooks_get_the_constant() {
        let source = "fn a() {
            let info = OperationInfo { operation_id: \"list_images\" };
            self.pre(&mut request, &info);
        }";
        let expected = "fn a() {
            let info = &crate::operations::LIST_IMAGES;
            self.pre(&mut request, info);
        }";
        assert_eq!(apply_pass(run, source, &json!({})), formatted(expected));
    }
}
