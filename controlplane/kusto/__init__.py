"""The query language of Azure Resource Graph, as much of the Kusto Query Language as is documented for it.

Pure: a query, tables and the time go in, rows come out. A text goes through `lexer` and `parser`; `expressions` and
`operators` check types and columns before the first row is read, so that a query is wrong or right whatever the tables
hold. What Azure has beyond this is refused by its name (`OperationNotSimulated`), what Azure refuses too is a
`QueryError`. No published parser fits: those for Python wrap one grammar of a megabyte, or .NET.
"""
