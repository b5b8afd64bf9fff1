package schema

const syntaxInteger = "1.3.6.1.4.1.1466.115.121.1.27"
