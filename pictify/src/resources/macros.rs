//! Macros that define a resource: its type, its requests and their calls.

/// Defines the type of a resource, which contains the client that sends its calls.
macro_rules! resource {
    ($(#[$attribute:meta])* $name:ident) => {
        $(#[$attribute])*
        #[derive(Clone, Debug)]
        pub struct $name<C>(C);

        impl<C: Clone> $name<C> {
            pub(crate) fn new(client: &C) -> Self {
                Self(client.clone())
            }

            #[allow(dead_code)]
            fn call<R: crate::ApiRequest>(&self, request: R) -> R::Call<C> {
                crate::Call::new(self.0.clone(), request).into()
            }

            /// Creates the call of a request with a value that may be invalid; `send` then reports the error.
            #[allow(dead_code)]
            fn call_with<T: Default, R: crate::ApiRequest>(
                &self,
                value: crate::Result<T>,
                request: impl FnOnce(T) -> R,
            ) -> R::Call<C> {
                let (value, error) = match value {
                    Ok(value) => (value, None),
                    Err(error) => (T::default(), Some(error)),
                };
                let mut call = crate::Call::new(self.0.clone(), request(value));
                if let Some(error) = error {
                    call.options.reject(error);
                }
                call.into()
            }
        }
    };
}
pub(crate) use resource;

/// Defines a request type, its [`ApiRequest`](crate::ApiRequest), and the call that sets its fields and sends it.
///
/// - `Name / NameCall { fields } -> Response = ROW`: the request, the call, the response, the row of the operation table.
///   A request that is nothing but its body has that field with `#[serde(flatten)]`. Every request also has the field
///   `extra`, for fields that the contract does not know.
/// - `|op, base| requests::name(base, ..)`: the generated function that builds the HTTP request.
/// - `read |value, response| ..`: converts the decoded value to the response, if they differ.
/// - `rules |op, found| ..`: checks between fields. The limits of single fields come from the API document.
/// - `renders |op| ..`: number of renders that it bills, if it is not one.
macro_rules! api_request {
    (
        $(#[$attribute:meta])*
        $name:ident / $call:ident { $($(#[$serde:meta])* $field:ident: $type:ty),* $(,)? } -> $response:ty = $row:ident,
        |$op:ident, $base:ident| $build:expr
        $(, read |$value:ident, $parts:ident| $read:expr)?
        $(, rules |$this:ident, $found:ident| $rules:expr)?
        $(, renders |$billed:ident| $renders:expr)? $(,)?
    ) => {
        #[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
        $(#[$attribute])*
        pub struct $name {
            $($(#[$serde])* pub(crate) $field: $type,)*
            /// Fields that the contract does not know.
            #[serde(default, skip_serializing_if = "crate::request::Extra::is_empty")]
            pub(crate) extra: $crate::request::Extra,
        }

        impl $name {
            /// Creates the request from its fields.
            #[allow(dead_code)]
            pub(crate) fn of($($field: $type),*) -> Self {
                Self { $($field,)* extra: $crate::request::Extra::default() }
            }

            /// Adds a field that this version of the SDK does not know, or replaces it. See the method `extra` of the
            /// call.
            #[must_use]
            pub fn extra(mut self, field: impl Into<String>, value: impl serde::Serialize) -> Self {
                self.extra.insert(field.into(), &value);
                self
            }
        }

        impl pictify_api::Validate for $name {
            #[allow(unused_variables)]
            fn validate(&self, found: &mut pictify_api::ValidationErrors) {
                $(pictify_api::Validate::validate(&self.$field, found);)*
                self.extra.validate(&pictify_api::operations::$row, found);
                $(
                    let ($this, $found) = (self, found);
                    $rules;
                )?
            }
        }

        impl $crate::ApiRequest for $name {
            type Response = $response;
            type Call<C> = $call<C>;
            const OPERATION: $crate::request::OperationInfo = pictify_api::operations::$row;

            fn check(&self) -> $crate::Result<()> {
                let mut errors = pictify_api::Validate::validation_errors(self);
                if errors.is_empty() {
                    $crate::numbers::check(self, "", &mut errors);
                }
                if errors.is_empty() { Ok(()) } else { Err($crate::Error::invalid(errors)) }
            }

            $(fn renders(&self) -> u64 {
                let $billed = self;
                $renders
            })?
        }

        impl $crate::request::Prepare<$response> for $name {
            fn prepare(&self, base_url: &str) -> $crate::Result<$crate::request::Prepared<$response>> {
                #[allow(unused_imports)]
                use pictify_api::requests;
                #[allow(unused_variables)]
                let ($op, $base) = (self, base_url);
                let prepared: $crate::Result<$crate::request::Prepared<$response>> =
                    $crate::resources::macros::api_request!(@prepare $op, $base, $build $(, $value, $parts, $read)?);
                let mut prepared = prepared?;
                self.extra.add_to(&mut prepared.http)?;
                Ok(prepared)
            }

            fn extra_mut(&mut self) -> &mut $crate::request::Extra {
                &mut self.extra
            }
        }

        #[doc = concat!("A call with a [`", stringify!($name), "`] request: setters of its fields, options of the call (`with_*`), and")]
        /// `send`.
        ///
        /// Nothing is sent before `send`. Setters never fail: an invalid value is reported by `send`, before anything is sent.
        #[derive(Clone)]
        #[must_use = "a call does nothing before it is sent"]
        pub struct $call<C>($crate::Call<$name, C>);

        impl<C> From<$crate::Call<$name, C>> for $call<C> {
            fn from(call: $crate::Call<$name, C>) -> Self {
                Self(call)
            }
        }

        impl<C> From<$call<C>> for $crate::Call<$name, C> {
            fn from(call: $call<C>) -> Self {
                call.0
            }
        }

        impl<C> $crate::send_all::TryIntoCall<$name, C> for $call<C> {
            fn try_into_call(self) -> $crate::Result<$crate::Call<$name, C>> {
                Ok(self.0)
            }
        }

        impl<C> std::fmt::Debug for $call<C> {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_tuple(stringify!($call)).field(&self.0.request).finish()
            }
        }

        /// Options of the call.
        impl<C> $call<C> {
            /// Adds a field that this version of the SDK does not know, or replaces it: a new field of the service can be
            /// used at once. It becomes a member of the JSON body, or a query parameter of a GET or DELETE.
            ///
            /// The field is part of the request as data. `send` fails with [`Validation`](crate::ErrorKind::Validation),
            /// before anything is sent, if the contract has the field (the error names the setter), if the body is not
            /// an object or has the field already, if the value cannot be serialised, or if a query parameter is not a
            /// text, a number or a boolean.
            pub fn extra(self, field: impl Into<String>, value: impl serde::Serialize) -> Self {
                self.with(|request| request.extra.insert(field.into(), &value))
            }

            /// Limits the whole call, waits and retries included.
            ///
            /// Default: [`ClientBuilder::timeout`](crate::ClientBuilder::timeout), or twice the timeout of one attempt
            /// that the API document sets for the operation.
            pub fn with_timeout(self, timeout: std::time::Duration) -> Self {
                Self(self.0.with_timeout(timeout))
            }

            /// Sets the time by which the call must have ended, in addition to its timeout. Useful for work that takes
            /// several calls; see [`Client::deadline`](crate::Client::deadline).
            pub fn with_deadline(self, deadline: $crate::Deadline) -> Self {
                Self(self.0.with_deadline(deadline))
            }

            /// Limits each attempt. Default: the timeout that the API document sets for the operation, usually 30
            /// seconds.
            pub fn with_attempt_timeout(self, timeout: std::time::Duration) -> Self {
                Self(self.0.with_attempt_timeout(timeout))
            }

            /// Replaces the client's retry policy.
            pub fn with_retry(self, policy: $crate::RetryPolicy) -> Self {
                Self(self.0.with_retry(policy))
            }

            /// Sets the idempotency key. Default: a random key for each call that is not read-only.
            pub fn with_idempotency_key(self, key: $crate::IdempotencyKey) -> Self {
                Self(self.0.with_idempotency_key(key))
            }

            /// Allows or forbids that identical renders at the same time share one request. Default:
            /// [`ClientBuilder::single_flight`](crate::ClientBuilder::single_flight).
            pub fn with_single_flight(self, shared: bool) -> Self {
                Self(self.0.with_single_flight(shared))
            }

            /// Adds a header, or replaces it. `Authorization`, `Idempotency-Key`, `Content-Type` and headers of the
            /// connection (`Host`, `Connection`, `Expect` and others) cannot be set: `send` then fails with
            /// [`Validation`](crate::ErrorKind::Validation).
            pub fn with_header(self, name: &str, value: &str) -> Self {
                Self(self.0.with_header(name, value))
            }

            /// Returns the request as data.
            pub fn request(&self) -> &$name {
                &self.0.request
            }

            /// Returns the request, to be stored or sent elsewhere. The options are dropped.
            pub fn into_request(self) -> $name {
                self.0.request
            }

            /// Changes the request; the setters go through it.
            #[allow(dead_code)]
            pub(crate) fn with(mut self, change: impl FnOnce(&mut $name)) -> Self {
                change(&mut self.0.request);
                self
            }

            /// Changes the request with a value that may be invalid; `send` then reports the error.
            #[allow(dead_code)]
            pub(crate) fn try_with<T>(
                mut self,
                value: $crate::Result<T>,
                change: impl FnOnce(&mut $name, T),
            ) -> Self {
                match value {
                    Ok(value) => change(&mut self.0.request, value),
                    Err(error) => self.0.options.reject(error),
                }
                self
            }
        }

        /// Sending.
        impl $call<$crate::Client> {
            /// Sends the call and returns the value of the response.
            ///
            /// # Errors
            /// [`Validation`](crate::ErrorKind::Validation) before anything is sent when the request is invalid; else any
            /// [`ErrorKind`](crate::ErrorKind) of the network and the service. When
            /// [`outcome_unknown`](crate::Error::outcome_unknown) is true, the request may have taken effect.
            ///
            /// # Cancellation
            /// Dropping the future abandons the attempt; the service may still process, and bill, the request.
            pub async fn send(self) -> $crate::Result<$response> {
                self.0.send().await
            }

            /// Sends the call and returns the value with the status, headers, rate limit and attempts.
            ///
            /// # Errors
            /// As [`send`](Self::send).
            pub async fn send_with_response(self) -> $crate::Result<$crate::Response<$response>> {
                self.0.send_with_response().await
            }
        }

        /// Sending with the blocking client.
        #[cfg(feature = "blocking")]
        impl $call<$crate::blocking::Client> {
            /// Sends the call, waits, and returns the value of the response.
            ///
            /// # Errors
            /// As the async client's `send`.
            pub fn send(self) -> $crate::Result<$response> {
                self.0.send()
            }

            /// Sends the call, waits, and returns the value with the status, headers, rate limit and attempts.
            ///
            /// # Errors
            /// As the async client's `send`.
            pub fn send_with_response(self) -> $crate::Result<$crate::Response<$response>> {
                self.0.send_with_response()
            }
        }
    };
    (@prepare $op:ident, $base:ident, $build:expr) => {
        $crate::request::Prepared::json($build)
    };
    (@prepare $op:ident, $base:ident, $build:expr, $value:ident, $parts:ident, $read:expr) => {{
        let $op = $op.clone();
        let $base = $base.to_owned();
        #[allow(unused_variables)]
        let prepared = {
            let request = { let ($op, $base) = (&$op, &*$base); $build };
            $crate::request::Prepared::mapped(request, move |$value, $parts| {
                let ($op, $base) = (&$op, &*$base);
                $read
            })
        };
        prepared
    }};
}
pub(crate) use api_request;
