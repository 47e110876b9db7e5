/* A shared object, but no plugin. */
int hb_test_nothing(void);

int hb_test_nothing(void)
{
    return 0;
}
