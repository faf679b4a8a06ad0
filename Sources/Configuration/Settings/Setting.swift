// One setting: where it is given, which values it takes, what it changes and how it is documented. Knows no setting by name.

/// A setting of the host.
package struct Setting: Sendable {
    /// Which values a setting takes, and the part of a ``Configuration`` that holds them.
    package enum Kind: Sendable {
        /// A text that is not empty.
        case text(SettingAccess<String>)
        /// The path of a file or folder; a relative one in the configuration file begins at that file's folder.
        case path(SettingAccess<String>)
        /// Texts that are not empty; `separator` is between them in an environment variable.
        case texts(separator: Character, SettingAccess<[String]>)
        /// True or false.
        case boolean(SettingAccess<Bool>)
        /// An integer in a range.
        case integer(ClosedRange<Int>, SettingAccess<Int>)
        /// A fixed or bounded number of integers, each in a range.
        case integers(count: ClosedRange<Int>, ClosedRange<Int>, SettingAccess<[Int]>)
        /// One word of a list.
        case word([String], SettingAccess<String>)
    }

    /// A command line flag that sets it.
    package struct Flag: Sendable {
        package let name: String
        /// The placeholder for its value in the help.
        package let placeholder: String

        package init(name: String, placeholder: String) {
            self.name = name
            self.placeholder = placeholder
        }
    }

    /// Its keys in the configuration file, from the outermost object inwards.
    package let path: [String]
    package let kind: Kind
    /// Its short documentation.
    package let documentation: String
    /// Its default in words, where the value of a default configuration does not show it.
    package var defaultText: String?
    /// Whether its value must never be shown.
    package var isSecret = false
    /// Whether the configuration file accepts it.
    var isInFile = true
    /// Whether environment variables can set it.
    var isVariable = true
    /// Whether a running host takes over a change.
    package var isReloadable = false
    /// A second name for its environment variable.
    var otherVariable: String?
    package var flag: Flag?

    package init(
        _ path: String..., kind: Kind, _ documentation: String, _ configure: (inout Setting) -> Void = { _ in }
    ) {
        self.path = path
        self.kind = kind
        self.documentation = documentation
        configure(&self)
    }

    /// The same setting, of which a running host takes over a change.
    var reloadable: Setting {
        var setting = self
        setting.isReloadable = true
        return setting
    }

    /// Whether its value is several texts.
    package var isList: Bool { if case .texts = kind { true } else { false } }

    /// The names of its environment variables, without the prefix, without underscores, in upper case.
    package var variables: [String] {
        isVariable ? [path.joined().uppercased()] + (otherVariable.map { [$0.uppercased()] } ?? []) : []
    }
}

/// An object of the configuration file that holds settings.
package struct SettingGroup: Sendable {
    package let path: [String]
    /// Its short documentation.
    package let documentation: String
    /// Its default in words.
    package let defaultText: String
    /// Which members it requires once it is present, and whether they are there.
    package var need: (problem: String, isMet: @Sendable (Configuration) -> Bool)?
    /// The member that a text in place of the object sets; nil when it must be an object.
    package var shorthand: String?

    package init(
        _ path: String..., default defaultText: String, _ documentation: String, shorthand: String? = nil,
        need: (problem: String, isMet: @Sendable (Configuration) -> Bool)? = nil
    ) {
        self.path = path
        self.documentation = documentation
        self.defaultText = defaultText
        self.need = need
        self.shorthand = shorthand
    }
}

/// How a value is read from a configuration and written into it.
package struct SettingAccess<Value: Sendable>: Sendable {
    package let get: @Sendable (Configuration) -> Value?
    package let set: @Sendable (inout Configuration, Value) -> Void

    package init(
        get: @escaping @Sendable (Configuration) -> Value?,
        set: @escaping @Sendable (inout Configuration, Value) -> Void
    ) {
        self.get = get
        self.set = set
    }

    package init(_ path: any WritableKeyPath<Configuration, Value> & Sendable) {
        self.init(get: { $0[keyPath: path] }, set: { $0[keyPath: path] = $1 })
    }

    package init(_ path: any WritableKeyPath<Configuration, Value?> & Sendable) {
        self.init(get: { $0[keyPath: path] }, set: { $0[keyPath: path] = $1 })
    }

    /// A member of a session scheme.
    ///
    /// The scheme exists as soon as one of its members is set.
    package init<Scheme: Sendable>(
        _ scheme: any WritableKeyPath<SessionsConfiguration, Scheme?> & Sendable, of empty: Scheme,
        _ member: any WritableKeyPath<Scheme, Value> & Sendable
    ) {
        self.init(
            get: { ($0.sessions[keyPath: scheme] ?? empty)[keyPath: member] },
            set: { configuration, value in
                var members = configuration.sessions[keyPath: scheme] ?? empty
                members[keyPath: member] = value
                configuration.sessions[keyPath: scheme] = members
            })
    }

    /// The same value in another form.
    package func map<Other>(
        _ outward: @escaping @Sendable (Value) -> Other?, _ inward: @escaping @Sendable (Other) -> Value
    ) -> SettingAccess<Other> {
        SettingAccess<Other>(get: { get($0).flatMap(outward) }, set: { set(&$0, inward($1)) })
    }
}

extension SettingAccess where Value == Int {
    /// A number of seconds.
    package static func seconds(_ path: any WritableKeyPath<Configuration, Duration> & Sendable) -> SettingAccess<Int> {
        SettingAccess<Duration>(path).map({ Int($0.components.seconds) }, { .seconds($0) })
    }
}
