use crate::contract::{Row, row};

pub fn rows() -> Vec<Row> {
    vec![
        row("getCurrentUser", |client| client.account().user()),
        row("getPlanDetails", |client| client.account().plan()),
        row("listApiTokens", |client| client.account().tokens()),
        row("createApiToken", |client| client.account().create_token()),
        row("deleteApiToken", |client| client.account().delete_token("TK2QWERTYU")),
        row("deleteMedia", |client| client.media().delete("K3Q9ZT7WXM")),
        row("healthCheck", |client| client.health().check()),
    ]
}
